// The side panel: labels with their millilitres, the tool's settings, the picture, uncertainty and its spots, notes.

import { button, h, icon, slider } from './dom.js'
import { accept, repropose } from './proposals.js'

const SHAPES = ['between', 'copy-up', 'copy-down', 'largest', 'small', 'holes', 'smooth', 'wider', 'narrower']

export class Side {
  constructor(viewer) {
    this.viewer = viewer
    this.labels = h('div', { class: 'labels', role: 'radiogroup', 'aria-label': 'Label' })
    this.tool = h('div', {})
    this.picture = h('div', {})
    this.uncertainty = h('div', {})
    this.spots = h('ol', { class: 'spots' })
    this.spotPart = section('Uncertain spots', this.spots)
    this.heatPart = section('Uncertainty', this.uncertainty)
    this.element = h('aside', { 'aria-label': 'Settings' },
      section('Labels', this.labels), section('Tool', this.tool), this.heatPart, this.spotPart, this.shapes(),
      section('Picture', this.picture))
  }

  shapes() {
    const { viewer } = this
    const buttons = SHAPES.map((id) => {
      const { label, key, run } = viewer.commands.find((each) => each.id === id)
      return button({ label, key, run, kind: 'small' })
    })
    return h('details', {}, h('summary', {}, 'Shape of the label'), h('div', { class: 'grid' }, ...buttons))
  }

  open(data) {
    const { viewer } = this
    this.rows = viewer.labels.map((label, position) => this.labelRow(label, position))
    this.labels.replaceChildren(...this.rows.map((row) => row.element))
    this.spotPart.hidden = !data.spots.length
    this.heatPart.hidden = !data.uncertainty
    this.spotRows = viewer.spots.map((spot, number) => this.spotRow(spot, number))
    this.spots.replaceChildren(...this.spotRows)
    this.toolShown = null
    this.picture.replaceChildren(...this.pictureControls())
    this.heatShown = false
  }

  labelRow(label, position) {
    const { viewer } = this
    const swatch = h('i', { class: 'swatch' })
    swatch.style.background = label.colour
    const amount = h('output', { 'data-label': String(label.value) })
    const pick = h('button', { type: 'button', role: 'radio', class: 'pick', title: `${label.name} (${position + 1})`, onclick: () => viewer.set({ label: position }) },
      swatch, h('span', {}, label.name), amount)
    const state = (what, on, off, name) => {
      const made = button({ label: `${name} ${label.name}`, icon: on, kind: 'bare', run: () => { label[what] = !label[what]; viewer.set({}) } })
      made.show = () => {
        made.setAttribute('aria-pressed', String(label[what]))
        made.replaceChildren(icon(label[what] ? on : off))
      }
      return made
    }
    const eye = state('visible', 'seen', 'hidden', 'Show')
    const lock = state('locked', 'locked', 'unlocked', 'Lock')
    return { element: h('div', { class: 'row' }, pick, eye, lock), pick, amount, eye, lock, label }
  }

  spotRow(spot, number) {
    const { viewer } = this
    const tick = h('input', { type: 'checkbox', 'aria-label': `Spot ${number + 1} seen` })
    tick.addEventListener('change', () => { spot.seen = tick.checked; viewer.set({}) })
    const go = h('button', { type: 'button', class: 'pick', onclick: () => viewer.visit(number) },
      h('span', {}, spot.text), / mL\b/.test(spot.text) ? null : h('output', {}, `${spot.mL.toFixed(1)} mL`))
    const row = h('li', {}, tick, go)
    row.show = () => {
      tick.checked = spot.seen
      row.classList.toggle('current', viewer.spot === number)
    }
    return row
  }

  pictureControls() {
    const { viewer } = this
    const check = (label, name) => {
      const box = h('input', { type: 'checkbox' })
      box.checked = viewer[name]
      box.addEventListener('change', () => viewer.set({ [name]: box.checked }))
      box.dataset.name = name
      return h('label', { class: 'check' }, box, label)
    }
    return [
      slider({ label: 'Label fill', min: 0, max: 1, step: 0.05, value: viewer.fill, show: percent, change: (fill) => viewer.set({ fill }) }),
      h('div', { class: 'grid' }, check('Labels', 'labelsShown'), check('Outlines', 'outlined'), check('Radiological', 'radiological'), check('Smooth', 'smooth'), check('Crosshair', 'crosshair')),
      this.overlay(),
    ]
  }

  // Another channel over the active one, faded or as their difference.
  overlay() {
    const { viewer } = this
    const names = viewer.channels.map(({ name }, number) => h('option', { value: String(number) }, name))
    const select = h('select', { 'aria-label': 'Second channel' }, h('option', { value: '' }, 'none'), ...names)
    const fade = slider({ label: 'Fade', min: 0, max: 1, step: 0.05, value: 0.5, show: percent, change: (share) => change({ share }) })
    const difference = h('input', { type: 'checkbox' })
    const change = (changes) => {
      const present = viewer.blend ?? { channel: null, share: 0.5, difference: false }
      const next = { ...present, ...changes }
      viewer.set({ blend: next.channel === null ? null : next })
    }
    select.addEventListener('change', () => change({ channel: select.value === '' ? null : Number(select.value) }))
    difference.addEventListener('change', () => change({ difference: difference.checked }))
    const box = h('label', { class: 'check' }, difference, 'Difference')
    const element = h('div', {}, h('label', { class: 'select' }, h('span', {}, 'Second channel'), select), fade, box)
    this.showOverlay = () => {
      select.value = viewer.blend ? String(viewer.blend.channel) : ''
      fade.hidden = !viewer.blend || viewer.blend.difference
      box.hidden = !viewer.blend
      difference.checked = Boolean(viewer.blend?.difference)
      if (viewer.blend) fade.set(viewer.blend.share)
    }
    return element
  }

  refresh() {
    const { viewer } = this
    this.rows?.forEach(({ pick, amount, eye, lock, label }, position) => {
      pick.setAttribute('aria-checked', String(viewer.label === position))
      amount.textContent = viewer.drawing ? `${viewer.drawing.volume(label.value).toFixed(2)} mL` : ''
      eye.show()
      lock.show()
    })
    this.spotRows?.forEach((row) => row.show())
    for (const box of this.picture.querySelectorAll('input[data-name]')) box.checked = viewer[box.dataset.name]
    this.showOverlay?.()
    if (viewer.heat && !this.heatShown) this.showHeat()
    this.heatButtons?.forEach((each) => each.show())
    this.showTool()
  }

  showHeat() {
    const { viewer } = this
    this.heatShown = true
    const set = (name) => (value) => { viewer.heat[name] = value; viewer.redraw() }
    const choice = (text, shown, outlined) => {
      const made = button({ label: text, pressed: false, kind: 'small', run: () => { Object.assign(viewer.heat, { shown, outlined }); viewer.set({}) } })
      made.show = () => made.setAttribute('aria-pressed', String(viewer.heat?.shown === shown && (!shown || viewer.heat.outlined === outlined)))
      return made
    }
    this.heatButtons = [choice('Colours', true, false), choice('Outline', true, true), choice('Off', false, false)]
    this.uncertainty.replaceChildren(
      slider({ label: 'Opacity', min: 0, max: 1, step: 0.05, value: viewer.heat.opacity, show: percent, change: set('opacity') }),
      slider({ label: 'From', min: 0, max: 1, step: 0.02, value: viewer.heat.threshold, show: (v) => v.toFixed(2), change: set('threshold') }),
      h('div', { class: 'segments' }, ...this.heatButtons),
    )
  }

  // The controls of the tool in hand; built anew only when the tool or its proposal changes.
  showTool() {
    const { viewer } = this
    const state = JSON.stringify([viewer.tool, viewer.brush, viewer.overwrite, viewer.range, viewer.growing.flat, Boolean(viewer.preview), viewer.channel, viewer.editable])
    if (state === this.toolShown || this.sliding) return
    this.toolShown = state
    this.tool.replaceChildren(...this.toolControls())
  }

  toolControls() {
    const { viewer } = this
    if (!viewer.editable) return [h('p', { class: 'hint' }, viewer.drawing ? 'This case is open for reading only.' : 'Loading…')]
    const parts = []
    if (['brush', 'eraser', 'threshold'].includes(viewer.tool)) parts.push(...this.brushControls())
    if (viewer.tool === 'threshold') parts.push(...this.rangeControls())
    if (viewer.tool === 'grow') parts.push(...this.growControls())
    if (['brush', 'outline', 'threshold', 'grow'].includes(viewer.tool)) parts.push(this.overwriteControl())
    if (viewer.preview) parts.push(this.previewControls())
    const hints = {
      navigate: 'Click or drag to move the crosshair; wheel for slices; right button for window and level.',
      outline: 'Draw around the area with the button held; it is filled when you let go.',
      grow: 'Click where the region is.',
      distance: 'Click two points.',
      angle: 'Click three points; the second is the corner.',
    }
    if (hints[viewer.tool] && !viewer.preview) parts.unshift(h('p', { class: 'hint' }, hints[viewer.tool]))
    return parts
  }

  brushControls() {
    const { viewer } = this
    const brush = (changes) => viewer.set({ brush: { ...viewer.brush, ...changes } })
    const choice = (text, on, changes) => button({ label: text, pressed: on, run: () => brush(changes), kind: 'small' })
    return [
      slider({ label: 'Size', min: 1, max: 60, step: 1, value: viewer.brush.diameter, show: (v) => `${v} mm`, change: (diameter) => this.slide(() => brush({ diameter })) }),
      h('div', { class: 'segments' },
        choice('Round', viewer.brush.round, { round: true }), choice('Square', !viewer.brush.round, { round: false }),
        choice('Slice', viewer.brush.flat, { flat: true }), choice('3-D', !viewer.brush.flat, { flat: false })),
    ]
  }

  // While a slider is dragged it must not be rebuilt under the pointer.
  slide(change) {
    this.sliding = true
    change()
    this.sliding = false
    this.toolShown = null
    clearTimeout(this.settled)
    this.settled = setTimeout(() => { this.toolShown = null }, 0)
  }

  rangeControls() {
    const { viewer } = this
    const { automatic, name, slope, intercept } = viewer.active
    const step = Math.max(1, (automatic.high - automatic.low) / 200)
    const show = (v) => `${+(v * slope + intercept).toPrecision(4)}`
    const part = (label, end) => slider({ label, min: automatic.low, max: automatic.high, step, value: viewer.range[end], show,
      change: (value) => { viewer.range[end] = value } })
    return [h('p', { class: 'hint' }, `Paints only where ${name} lies within:`), part('From', 'low'), part('To', 'high')]
  }

  growControls() {
    const { viewer } = this
    const set = (name) => (value) => { viewer.growing[name] = value; repropose(viewer) }
    const flat = (text, on) => button({ label: text, pressed: viewer.growing.flat === on, kind: 'small', run: () => { viewer.growing.flat = on; repropose(viewer); viewer.set({}) } })
    return [
      slider({ label: 'Tolerance', min: 0.01, max: 0.5, step: 0.01, value: viewer.growing.tolerance, show: percent, change: set('tolerance') }),
      slider({ label: 'Reach', min: 2, max: 80, step: 1, value: viewer.growing.reach, show: (v) => `${v} mm`, change: set('reach') }),
      h('div', { class: 'segments' }, flat('3-D', false), flat('Slice', true)),
    ]
  }

  overwriteControl() {
    const { viewer } = this
    const choices = [['all', 'everything'], ['background', 'only background'], ...viewer.labels.map(({ value, name }) => [String(value), `only ${name}`])]
    const select = h('select', { 'aria-label': 'May overwrite' }, ...choices.map(([value, text]) => h('option', { value }, text)))
    select.value = String(viewer.overwrite)
    select.addEventListener('change', () => viewer.set({ overwrite: Number(select.value) || select.value }))
    return h('label', { class: 'select' }, h('span', {}, 'May overwrite'), select)
  }

  previewControls() {
    const { viewer } = this
    return h('div', { class: 'segments' },
      button({ label: 'Draw it', key: 'Enter', kind: 'primary small', run: () => accept(viewer) }),
      button({ label: 'Drop it', key: 'Esc', kind: 'small', run: () => viewer.set({ preview: null }) }))
  }
}

function section(title, ...children) {
  return h('section', {}, h('h3', {}, title), ...children)
}

function percent(value) {
  return `${Math.round(100 * value)} %`
}

