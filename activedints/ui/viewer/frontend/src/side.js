// The side panel: labels with their millilitres, the tool's settings, the picture, uncertainty and its spots, notes.

import { button, h, icon, percent, slider } from './dom.js'
import { rememberSeen } from './preferences.js'
import { ToolPanel } from './toolpanel.js'

const SHAPES = ['between', 'copy-up', 'copy-down', 'island', 'largest', 'small', 'holes', 'smooth', 'wider', 'narrower']

export class Side {
  constructor(viewer) {
    this.viewer = viewer
    this.labels = h('div', { class: 'labels', role: 'radiogroup', 'aria-label': 'Label' })
    this.tool = new ToolPanel(viewer)
    this.picture = h('div', {})
    this.uncertainty = h('div', {})
    this.spots = h('ol', { class: 'spots' })
    this.verdict = h('p', { class: 'hint' })
    this.spotPart = section('Uncertain spots', this.verdict, this.spots)
    this.heatPart = section('Uncertainty', this.uncertainty)
    this.element = h('aside', { 'aria-label': 'Settings' },
      section('Labels', this.labels), section('Tool', this.tool.element), this.heatPart, this.spotPart, this.shapes(),
      section('Picture', this.picture))
  }

  shapes() {
    const { viewer } = this
    const buttons = SHAPES.map((id) => {
      const { label, key, run } = viewer.commands.find((each) => each.id === id)
      return button({ label, key, run, kind: 'small' })
    })
    const set = (name) => (value) => { viewer.shaping[name] = value }
    const amounts = [
      slider({ label: 'By', min: 0.5, max: 10, step: 0.5, value: viewer.shaping.mm, show: (v) => `${v} mm`, change: set('mm') }),
      slider({ label: 'Small', min: 0.05, max: 5, step: 0.05, value: viewer.shaping.mL, show: (v) => `${v.toFixed(2)} mL`, change: set('mL') }),
    ]
    return h('details', {}, h('summary', {}, 'Shape of the label'), h('div', { class: 'grid' }, ...buttons), ...amounts)
  }

  open(data) {
    const { viewer } = this
    this.rows = viewer.labels.map((label, position) => this.labelRow(label, position))
    this.labels.replaceChildren(...this.rows.map((row) => row.element))
    this.spotPart.hidden = !data.spots.length
    this.verdict.textContent = data.verdict ?? ''
    this.heatPart.hidden = !data.uncertainty
    this.spotRows = viewer.spots.map((spot, number) => this.spotRow(spot, number))
    this.spots.replaceChildren(...this.spotRows)
    this.tool.open()
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
    tick.addEventListener('change', () => { spot.seen = tick.checked; rememberSeen(viewer); viewer.set({}) })
    const go = h('button', { type: 'button', class: 'pick', onclick: () => viewer.visit(number) },
      h('span', {}, spot.text), / mL\b/.test(spot.text) ? null : h('output', {}, `${spot.mL.toFixed(1)} mL`))
    const row = h('li', {}, tick, go)
    row.show = () => {
      tick.checked = spot.seen
      const current = viewer.spot === number
      if (current && !row.classList.contains('current')) row.scrollIntoView({ block: 'nearest' })
      row.classList.toggle('current', current)
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
      this.versions(),
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

  // Earlier versions to compare with, where the page gave any.
  versions() {
    const { viewer } = this
    const names = (viewer.data.versions ?? []).map(({ name }, number) => h('option', { value: String(number) }, name))
    const select = h('select', { 'aria-label': 'Compare with' }, h('option', { value: '' }, 'nothing'), ...names)
    select.addEventListener('change', () => viewer.compare(select.value === '' ? null : Number(select.value)))
    this.showVersions = () => { select.value = viewer.compared ? String(viewer.compared.number) : '' }
    const element = h('label', { class: 'select' }, h('span', {}, 'Compare with'), select)
    element.hidden = !names.length
    return element
  }

  // Millilitres of each label, as they are this moment.
  amounts() {
    const { drawing } = this.viewer
    for (const { amount, label } of this.rows ?? []) {
      const text = drawing ? `${drawing.volume(label.value).toFixed(2)} mL` : ''
      if (amount.textContent !== text) amount.textContent = text
    }
  }

  refresh() {
    const { viewer } = this
    this.amounts()
    this.rows?.forEach(({ pick, eye, lock, label }, position) => {
      pick.setAttribute('aria-checked', String(viewer.label === position))
      eye.show()
      lock.show()
    })
    this.spotRows?.forEach((row) => row.show())
    for (const box of this.picture.querySelectorAll('input[data-name]')) box.checked = viewer[box.dataset.name]
    this.showOverlay?.()
    this.showVersions?.()
    if (viewer.heat && !this.heatShown) this.showHeat()
    this.heatButtons?.forEach((each) => each.show())
    this.tool.refresh()
  }

  // Which map is shown: a measure, of all labels or (where there is such a map) of one label against the rest.
  mapChoice() {
    const { viewer } = this
    const { maps = [] } = viewer.data
    if (maps.length < 2) return ''
    const measure = h('select', { 'aria-label': 'Map' }, ...maps.map(({ measure: key, name }) => h('option', { value: key }, name)))
    const about = h('select', { 'aria-label': 'Map of' }, h('option', { value: '0' }, 'all labels'),
      ...viewer.labels.map(({ value, name }) => h('option', { value: String(value) }, name)))
    ;[measure.value, about.value] = viewer.heat.name?.split('-') ?? [maps[0].measure, '0']
    const ask = () => {
      about.disabled = !maps.find(({ measure: key }) => key === measure.value).labels
      if (about.disabled) about.value = '0'
      viewer.assist.map(measure.value, Number(about.value))
    }
    for (const select of [measure, about]) select.addEventListener('change', ask)
    return h('div', {}, h('label', { class: 'select' }, h('span', {}, 'Map'), measure), h('label', { class: 'select' }, h('span', {}, 'Of'), about))
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
      this.mapChoice(),
    )
  }
}

function section(title, ...children) {
  return h('section', {}, h('h3', {}, title), ...children)
}
