// The settings of the tool in hand: brush, threshold, growing, what may be overwritten, and a proposal's two buttons.

import { button, h, percent, slider } from './dom.js'
import { accept, repropose } from './proposals.js'

export class ToolPanel {
  constructor(viewer) {
    this.viewer = viewer
    this.element = h('div', {})
  }

  open() {
    this.shown = null
  }

  // The controls of the tool in hand; built anew only when the tool or its proposal changes.
  refresh() {
    const { viewer } = this
    const { round, flat } = viewer.brush
    const state = JSON.stringify([viewer.tool, round, flat, viewer.overwrite, viewer.growing.flat, Boolean(viewer.preview), viewer.channel, viewer.correcting, viewer.external, viewer.label, viewer.box, this.idle])
    this.size?.set(viewer.brush.diameter)
    if (state === this.shown) return
    this.shown = state
    this.element.replaceChildren(...this.controls())
  }

  // Why nothing can be drawn now; empty where something can.
  get idle() {
    const { viewer } = this
    if (viewer.editable) return ''
    if (viewer.data?.readOnly) return 'This case is open for reading only.'
    return viewer.drawing ? 'On its way…' : 'Loading…'
  }

  controls() {
    const { viewer } = this
    this.size = null
    if (this.idle) return [h('p', { class: 'hint' }, this.idle)]
    const parts = []
    if (['brush', 'eraser', 'threshold'].includes(viewer.tool)) parts.push(...this.brushControls())
    if (viewer.tool === 'threshold') parts.push(...this.rangeControls())
    if (viewer.tool === 'grow') parts.push(...this.growControls())
    if (viewer.tool === 'correct') parts.push(...this.correctControls())
    if (viewer.tool === 'box') parts.push(...this.boxControls())
    if (!/navigate|distance|angle|box/.test(viewer.tool)) parts.push(this.overwriteControl())
    if (viewer.preview) parts.push(this.previewControls())
    const hints = {
      navigate: 'Click or drag to move the crosshair; wheel for slices; right button for window and level.',
      outline: 'Draw around the area with the button held; it is filled when you let go.',
      grow: 'Click where the region is.',
      correct: 'Draw a line through what is wrong; what looks like it nearby follows at once, and undo takes it back.',
      box: 'Drag in a pane, then in another one for the third side.',
      distance: 'Click two points.',
      angle: 'Click three points; the second is the corner.',
    }
    if (hints[viewer.tool] && !viewer.preview) parts.unshift(h('p', { class: 'hint' }, hints[viewer.tool]))
    return parts.filter(Boolean)
  }

  brushControls() {
    const { viewer } = this
    const brush = (changes) => viewer.set({ brush: { ...viewer.brush, ...changes } })
    const choice = (text, on, changes) => button({ label: text, pressed: on, run: () => brush(changes), kind: 'small' })
    this.size = slider({ label: 'Size', min: 1, max: 60, step: 1, value: viewer.brush.diameter, show: (v) => `${v} mm`, change: (diameter) => brush({ diameter }) })
    return [
      this.size,
      h('div', { class: 'segments' },
        choice('Round', viewer.brush.round, { round: true }), choice('Square', !viewer.brush.round, { round: false }),
        choice('Slice', viewer.brush.flat, { flat: true }), choice('3-D', !viewer.brush.flat, { flat: false })),
    ]
  }

  rangeControls() {
    const { viewer } = this
    const { automatic, name, slope, intercept } = viewer.active
    const step = Math.max(1, (automatic.high - automatic.low) / 200)
    const show = (v) => `${+(v * slope + intercept).toPrecision(4)}`
    const part = (label, end) => slider({ label, min: automatic.low, max: automatic.high, step, value: viewer.range[end], show,
      change: (value) => { viewer.set({ range: { ...viewer.range, [end]: value } }) } })
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

  correctControls() {
    const { viewer } = this
    if (!viewer.assist.offers('refine')) return [h('p', { class: 'hint' }, 'This page offers no model to finish a scribble.')]
    const choice = (text, background) => button({ label: text, pressed: viewer.correcting === background, kind: 'small', run: () => viewer.set({ correcting: background }) })
    return [h('div', { class: 'segments' }, choice(viewer.labels[viewer.label]?.name ?? 'Label', false), choice('Background', true)), viewer.assist.offers('prompt') ? this.finisher() : null]
  }

  // Who finishes a scribble, where an external server was named.
  finisher() {
    const { viewer } = this
    const choice = (text, external) => button({ label: text, pressed: viewer.external === external, kind: 'small', run: () => viewer.set({ external }) })
    return h('div', { class: 'segments' }, choice('Here', false), choice('nnInteractive', true))
  }

  boxControls() {
    const { viewer } = this
    if (!viewer.box) return []
    const sizes = viewer.box[1].map((v, axis) => Math.round((v - viewer.box[0][axis]) * viewer.grid.spacing[axis]))
    const run = (label, act, kind = 'small') => button({ label, kind, run: act })
    return [
      h('p', { class: 'hint' }, `${sizes.join(' × ')} mm`),
      h('div', { class: 'grid' },
        viewer.assist.offers('predict') ? run('Predict here again', () => viewer.assist.predict()) : null,
        run('Submit only this box', () => viewer.submit(true)),
        run('Clear the box', () => viewer.set({ box: null }))),
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
