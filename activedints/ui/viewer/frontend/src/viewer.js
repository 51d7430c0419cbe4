// The viewer's state and what changes it. Everything on the screen is drawn from here, once per animation frame.

import { Assist } from './assist.js'
import { buildCommands } from './commands.js'
import { Clock } from './clock.js'
import { autoWindow, fromShares } from './contrast.js'
import { showWarnings } from './dialogs.js'
import { h } from './dom.js'
import { Grid, PLANES } from './grid.js'
import { Frame } from './frame.js'
import { loadCase, loadChannels } from './loading.js'
import { fetchVolume } from './nifti.js'
import { Pane } from './pane.js'
import { Pointer } from './pointer.js'
import { recall, recallRemark, recallSeen, remember, rememberSeen } from './preferences.js'
import { undrawn } from './proposals.js'
import { spotPlace } from './propose.js'
import { check } from './rules.js'
import { Saving } from './saving.js'
import { Surface } from './surface.js'

export const LAYOUTS = {
  axial: 'Axial',
  coronal: 'Coronal',
  sagittal: 'Sagittal',
  three: 'All',
  channels: 'Channels',
  compare: 'Compare',
  '3d': '3-D',
}
const BRUSHES = new Set(['brush', 'eraser', 'threshold'])

export class Viewer {
  constructor(host) {
    this.clock = new Clock()
    this.layout = 'three'
    this.plane = 'axial'
    this.tool = 'navigate'
    this.brush = { diameter: 6, round: true, flat: true }
    this.overwrite = 'all'
    this.range = null // of the threshold brush, in stored values: {low, high}
    this.growing = { tolerance: 0.1, reach: 25, flat: false }
    this.shaping = { mm: 1, mL: 0.1 } // how far smooth, grow and shrink go; the smallest island kept
    this.radiological = true
    this.smooth = true
    this.crosshair = true
    this.labelsShown = true
    this.outlined = true
    this.fill = 0.35
    this.windows = {} // by channel name, as shares of the automatic window: a reader's own, kept from case to case
    this.external = false // whether an external nnInteractive server finishes scribbles
    this.correcting = false // whether the scribble says background instead of the label in hand
    Object.assign(this, recall())
    this.clear()
    this.saving = new Saving(this)
    this.assist = new Assist(this)
    this.commands = buildCommands(this)
    this.frame = new Frame(this)
    this.root = this.frame.root
    this.pointer = new Pointer(this)
    this.surface = new Surface(this)
    host.append(this.root)
    undimmed(host.host)
    this.panes = []
    this.arrange()
    this.ticking = setInterval(() => this.frame.tick(this.clock.tick(!document.hidden)), 1000)
  }

  clear() {
    this.grid = this.drawing = this.heat = this.preview = this.path = this.hover = this.blend = this.compared = null
    this.islandOf = null
    this.doubt = this.place = null // the map in which the spots were found; where in it the current one lies
    this.box = this.scribble = null // a box that the reader drew; the scribble under way: {indices, value, number}
    this.channels = this.labels = this.spots = this.measures = []
    this.channel = 0
    this.label = 0
    this.spot = -1
    this.cross = [0, 0, 0]
    this.zoom = 1
    this.centres = {}
    this.remark = { difficulty: '', comment: '' }
  }

  // New data from Python: a receipt, fresh addresses, perhaps another case.
  receive(data) {
    this.saving.receipt(data.receipt)
    const same = this.data?.case === data.case && !this.saving.closed
    this.data = data
    if (!same) return this.open(data)
    this.assist.answer(data.answer).catch((error) => this.assist.drop(error.message))
    if (this.drawing && this.channels.some(({ voxels }) => !voxels)) loadChannels(this).catch((error) => this.frame.warn(error.message))
  }

  async open(data) {
    this.clear()
    this.assist.forget()
    this.mark('loading')
    delete this.root.dataset.channels
    performance.mark('viewer-opened')
    this.grid = new Grid(data.shape, data.affine)
    this.cross = data.shape.map((n) => Math.floor(n / 2))
    this.labels = data.labels.map((label) => ({ ...label, rgb: rgbOf(label.colour), visible: true, locked: false }))
    this.channels = data.channels.map(({ name }) => ({ name, voxels: null, window: null }))
    this.spots = data.spots.map((spot) => ({ ...spot, at: this.grid.clamp(this.grid.fromMm(spot.mm)), seen: false }))
    for (const number of recallSeen(data.case)) if (this.spots[number]) this.spots[number].seen = true
    this.remark = recallRemark(data.case)
    this.saving.open(data)
    if (this.layout === 'compare') this.layout = this.plane
    this.clock.reset(data.seconds ?? 0)
    this.frame.open(data)
    this.surface.forget()
    this.arrange()
    await loadCase(this, data)
  }

  mark(state) {
    this.root.dataset.state = state
    this.root.dataset.case = this.data?.case ?? ''
  }

  // A channel's voxels arrived.
  setChannel(number, volume) {
    const channel = this.channels[number]
    Object.assign(channel, volume)
    const zero = Math.round(-volume.intercept / volume.slope)
    channel.automatic ??= autoWindow(volume.voxels, zero)
    channel.window = fromShares(channel.automatic, this.windows[channel.name])
    this.redraw()
  }

  get active() {
    return this.channels[this.channel]
  }

  get editable() {
    return Boolean(this.drawing) && !this.data.readOnly && !this.saving.closed && !this.saving.leaving
  }

  get toolHasBrush() {
    return BRUSHES.has(this.tool) && this.editable
  }

  // What the current tool writes: a label's value, or background.
  get pen() {
    return this.tool === 'eraser' ? 0 : (this.labels[this.label]?.value ?? 0)
  }

  get penColour() {
    return this.tool === 'eraser' ? '#ffffff' : (this.labels[this.label]?.colour ?? '#ffffff')
  }

  get rule() {
    return { overwrite: this.overwrite, locked: new Set(this.labels.filter((l) => l.locked).map((l) => l.value)) }
  }

  // Change some of the state above and draw again.
  set(changes) {
    Object.assign(this, changes)
    if ('layout' in changes || 'plane' in changes) this.arrange()
    if ('tool' in changes || 'channel' in changes) this.preview = null
    if ('tool' in changes || 'layout' in changes) this.path = null
    if (changes.tool === 'correct') this.assist.warm()
    if (!this.surface.nv) this.surface.later()
    this.frame.refresh()
    this.redraw()
    remember(this)
  }

  // The panes of the current layout, in place.
  arrange() {
    if (PLANES[this.layout]) this.plane = this.layout
    for (const pane of this.panes) pane.remove()
    const planes = this.layout === 'three' ? Object.keys(PLANES) : PLANES[this.layout] ? [this.layout] : []
    this.panes = planes.map((plane) => new Pane(this, plane))
    if (this.layout === 'channels') {
      this.panes = this.channels.slice(0, 4).map((_, number) => new Pane(this, this.plane, number))
    }
    if (this.layout === 'compare') this.panes = [false, true].map((compared) => new Pane(this, this.plane, null, compared))
    for (const pane of this.panes) this.pointer.attach(pane)
    const surface = this.layout === 'three' || this.layout === '3d' ? [this.surface.element] : []
    this.frame.stage.replaceChildren(...this.panes.map((pane) => pane.element), ...surface)
    this.frame.stage.dataset.layout = this.layout
    if (surface.length) this.surface.show()
  }

  // On the next animation frame: everything, or only the marks where nothing but the pointer moved.
  redraw(marksOnly = false) {
    this.wholly ||= !marksOnly
    this.waiting ??= requestAnimationFrame(() => {
      const { wholly } = this
      this.waiting = null
      this.wholly = false
      for (const pane of this.panes) pane.draw(!wholly)
      this.frame.readout()
      this.frame.side.amounts()
    })
  }

  // The label map changed: by a stroke, a tool, undo or redo.
  changed() {
    this.saving.changed()
    this.surface.later()
    this.frame.refresh()
    this.redraw()
  }

  moveTo(position) {
    this.cross = this.grid.clamp(position)
    this.redraw()
  }

  step(slices, plane = this.plane) {
    const cross = [...this.cross]
    cross[PLANES[plane].normal] += slices
    this.moveTo(cross)
  }

  // Show uncertain spot number `spot`, in every pane.
  visit(spot) {
    if (!this.spots.length) return this.frame.say('No uncertain spots were found in this case.')
    const count = this.spots.length
    this.spot = ((spot % count) + count) % count
    const { at, text } = this.spots[this.spot]
    this.place = this.doubt && spotPlace(this.grid, this.doubt, at)
    this.spots[this.spot].seen = true
    rememberSeen(this)
    this.moveTo(at)
    this.frame.refresh()
    this.frame.say(`Spot ${this.spot + 1} of ${count}: ${text}`)
  }

  // Nobody paints blind: the labels are shown, and so is the one in hand.
  reveal() {
    if (this.labelsShown && this.labels[this.label]?.visible !== false) return
    this.labels[this.label].visible = true
    this.set({ labelsShown: true })
  }

  // Undo (or redo) one step; says so where there is none.
  back(redo = false) {
    if (!this.editable) return
    if (redo ? this.drawing.redo() : this.drawing.undo()) this.changed()
    else this.frame.say(`There is nothing to ${redo ? 'redo' : 'undo'}.`)
  }

  // Another version of the label map, to look at: {name, voxels}; null for none.
  async compare(number) {
    const { versions, shape, case: open } = this.data
    const compared = number === null ? null : { name: versions[number].name, number, ...(await fetchVolume(versions[number].url, shape)) }
    if (open !== this.data.case) return
    this.set({ compared, ...(compared || this.layout !== 'compare' ? {} : { layout: this.plane }) })
  }

  // Whether all of the case is finished, or only the box that the reader drew. What is proposed but not drawn, and
  // islands that break a rule of the label set, are named first.
  submit(onlyBox = false) {
    if (this.assist.asked) return this.frame.say('The model is still answering; submit again in a moment.')
    if (!this.editable || this.pointer.drawing) return
    const regions = onlyBox && this.box ? [this.box] : []
    const send = () => this.saving.post('submit', this.remark.comment, regions)
    const warnings = [...undrawn(this), ...check(this.grid, this.drawing.voxels, this.labels, this.data.rules ?? [])]
    if (warnings.length) showWarnings(this, warnings, send)
    else send()
  }

  // The page leaves: nothing may keep running.
  leave() {
    this.saving.keep()
    clearInterval(this.ticking)
    for (const pane of this.panes) pane.remove()
    this.surface.leave()
    this.saving.leave()
    this.root.remove()
  }
}

// Streamlit fades what it runs again; a picture that is being painted must not fade at every autosave.
function undimmed(element) {
  element?.closest('[data-testid="stElementContainer"]')?.style.setProperty('opacity', '1', 'important')
}

function rgbOf(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
}
