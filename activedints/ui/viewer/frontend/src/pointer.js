// What the pointer does in a pane: the tool with the left button, window and level with the right, moving the picture
// with the middle one, slices with the wheel, zoom with Ctrl and the wheel.

import { fillOutline, sweep } from './brush.js'
import { dragWindow, toShares } from './contrast.js'
import { PLANES } from './grid.js'
import { measureText } from './measure.js'
import { propose } from './proposals.js'

const PAINTS = new Set(['brush', 'eraser', 'threshold', 'outline', 'grow', 'correct'])
const LONG = 3000 // ms after which a stroke that goes on is kept as far as it is
const NOTCH = 50 // pixels of wheel that are one notch of a mouse; trackpads send less, and add up

export class Pointer {
  constructor(viewer) {
    this.viewer = viewer
    this.drag = null
    this.rolled = 0
  }

  // Whether a stroke is under way.
  get drawing() {
    return Boolean(this.drag?.stroke)
  }

  attach(pane) {
    const { canvas } = pane
    const on = (name, run) => canvas.addEventListener(name, run)
    on('pointerdown', (event) => this.down(pane, event))
    on('pointermove', (event) => this.move(pane, event))
    on('pointerup', () => this.up())
    on('pointercancel', () => this.cancel())
    on('pointerleave', () => {
      this.viewer.hover = null
      this.viewer.redraw(true)
    })
    on('wheel', (event) => this.wheel(pane, event))
    on('contextmenu', (event) => event.preventDefault())
  }

  down(pane, event) {
    const { viewer } = this
    if (!viewer.grid || this.drag) return
    event.preventDefault()
    viewer.root.focus({ preventScroll: true })
    pane.canvas.setPointerCapture(event.pointerId)
    viewer.plane = pane.plane
    const position = pane.position(event)
    this.drag = { pane, start: position, last: position, x: event.clientX, y: event.clientY, kind: this.kind(pane, event) }
    if (PAINTS.has(this.drag.kind)) viewer.reveal()
    this.act(position, true)
  }

  // What this drag will do.
  kind(pane, event) {
    if (event.button === 2) return 'window'
    if (event.button === 1 || event.ctrlKey) return 'pan'
    const tool = event.shiftKey ? 'navigate' : this.viewer.tool
    if (pane.compared) return 'navigate'
    return this.viewer.editable || ['distance', 'angle'].includes(tool) ? tool : 'navigate'
  }

  move(pane, event) {
    const { viewer, drag } = this
    if (!viewer.grid) return
    const position = pane.position(event)
    viewer.hover = { pane, position }
    if (drag) {
      const [right, downwards] = [event.clientX - drag.x, event.clientY - drag.y]
      Object.assign(drag, { x: event.clientX, y: event.clientY })
      this.act(position, false, right, downwards)
      drag.last = position
    }
    viewer.redraw(true)
  }

  act(position, first, right = 0, downwards = 0) {
    const { viewer, drag } = this
    const { pane, kind } = drag
    if (kind === 'navigate') viewer.moveTo(position)
    else if (kind === 'pan') this.pan(pane, right, downwards)
    else if (kind === 'window') this.window(pane, right, -downwards)
    else if (kind === 'correct') this.scribble(pane, drag.last, position)
    else if (kind === 'box') this.box(pane, drag.start, position)
    else if (kind === 'outline') this.trace(pane, position, first)
    else if (kind === 'grow') first && propose(viewer, 'grow', { seed: viewer.grid.clamp(position), plane: pane.plane })
    else if (kind === 'distance' || kind === 'angle') first && this.measure(pane, position, kind === 'angle' ? 3 : 2)
    else this.paint(pane, drag.last, position)
  }

  paint(pane, from, to) {
    const { viewer, drag } = this
    const { round, diameter, flat } = viewer.brush
    drag.stroke ??= viewer.drawing.begin(viewer.pen, viewer.rule, viewer.tool === 'threshold' ? within(viewer) : null)
    sweep(viewer.grid, { diameter, round, plane: flat ? pane.plane : null }, from, to, drag.stroke.visit)
    this.drag.kept ??= Date.now()
    if (Date.now() - this.drag.kept > LONG) {
      this.drag.kept = Date.now()
      viewer.saving.changed()
    }
    viewer.redraw()
  }

  // A line of at least a voxel and a half, which is no part of the drawing: only the model's answer to it is.
  scribble(pane, from, to) {
    const { viewer } = this
    const value = viewer.correcting ? 0 : viewer.pen
    if (!this.drag.scribbling) viewer.scribble = null
    this.drag.scribbling = true
    viewer.scribble ??= { indices: new Set(), mask: new Uint8Array(viewer.grid.size), value, number: 0 }
    const { indices, mask } = viewer.scribble
    const diameter = 1.5 * Math.max(...viewer.grid.spacing)
    sweep(viewer.grid, { diameter, round: true, plane: pane.plane }, from, to, (index) => {
      if (!viewer.drawing.inRegion(index)) return
      indices.add(index)
      mask[index] = 1
    })
    viewer.scribble.number++
    viewer.redraw()
  }

  // A box spanned in this pane; across it, as it was drawn in another pane, else as deep as it is wide here.
  box(pane, from, to) {
    const { viewer } = this
    const { normal, across, up } = PLANES[pane.plane]
    const { grid } = viewer
    const low = [0, 0, 0]
    const high = [...grid.shape]
    for (const axis of [across, up]) {
      const ends = [from[axis], to[axis]].map((v) => Math.min(Math.max(Math.round(v), 0), grid.shape[axis] - 1))
      low[axis] = Math.min(...ends)
      high[axis] = Math.max(...ends) + 1
    }
    if (this.drag.depth === undefined) {
      const known = viewer.box && pane.slice >= viewer.box[0][normal] && pane.slice < viewer.box[1][normal]
      this.drag.depth = known ? [viewer.box[0][normal], viewer.box[1][normal]] : null
    }
    const wide = Math.max((high[across] - low[across]) * grid.spacing[across], (high[up] - low[up]) * grid.spacing[up])
    const half = Math.max(1, Math.round(wide / 2 / grid.spacing[normal]))
    const [first, last] = this.drag.depth ?? [pane.slice - half, pane.slice + half]
    low[normal] = Math.max(0, first)
    high[normal] = Math.min(grid.shape[normal], last)
    viewer.box = [low, high]
    viewer.redraw()
  }

  trace(pane, position, first) {
    const { viewer } = this
    if (first) viewer.path = { pane, points: [] }
    viewer.path.points.push(position)
    viewer.redraw(true)
  }

  measure(pane, position, count) {
    const { viewer } = this
    const { normal } = PLANES[pane.plane]
    const place = { plane: pane.plane, slice: pane.slice, count, points: [position], text: '' }
    const open = viewer.measures[viewer.measures.length - 1]
    const joins = open && open.points.length < open.count && open.plane === pane.plane && open.slice === pane.slice
    const measure = joins && open.count === count ? open : place
    if (measure === open) open.points.push(position.map((v, axis) => (axis === normal ? open.points[0][axis] : v)))
    else viewer.measures = [...viewer.measures, place]
    measure.text = measure.points.length === count ? measureText(viewer.grid, measure.points) : ''
    viewer.redraw()
  }

  window(pane, right, upwards) {
    const channel = this.viewer.channels[pane.channel ?? this.viewer.channel]
    if (channel?.window) {
      channel.window = dragWindow(channel.window, right, upwards)
      this.viewer.windows[channel.name] = toShares(channel.automatic, channel.window)
    }
    this.viewer.redraw()
  }

  pan(pane, right, downwards) {
    const { centre, step } = pane.placement
    this.viewer.centres[pane.plane] = [centre[0] - right / step[0], centre[1] - downwards / step[1]]
    this.viewer.redraw()
  }

  up() {
    const { viewer, drag } = this
    if (!drag) return
    this.drag = null
    if (drag.stroke?.end()) viewer.changed()
    if (drag.kind === 'window') viewer.set({})
    if (drag.scribbling) viewer.assist.refine([...viewer.scribble.indices], viewer.scribble.value)
    if (viewer.path) this.close()
    viewer.frame.refresh()
    viewer.redraw()
  }

  // The outline under way is filled.
  close() {
    const { viewer } = this
    const stroke = viewer.drawing.begin(viewer.pen, viewer.rule)
    fillOutline(viewer.grid, viewer.path.pane.plane, viewer.path.points, stroke.visit)
    viewer.path = null
    if (stroke.end()) viewer.changed()
    viewer.redraw()
  }

  // The tool at the crosshair, for hands that stay on the keyboard: a dab of the brush, a place to grow from, a point
  // to measure, a corner of the outline (which Enter closes).
  apply() {
    const { viewer } = this
    const pane = viewer.panes.find(({ plane, compared }) => plane === viewer.plane && !compared)
    if (!pane || !viewer.grid || this.drag) return
    const kind = this.kind(pane, {})
    if (kind === 'navigate' || kind === 'box') return viewer.frame.say('Choose a tool first: a brush, the outline, growing or measuring.')
    if (PAINTS.has(kind)) viewer.reveal()
    const start = [...viewer.cross]
    if (kind === 'outline') {
      const { normal } = PLANES[pane.plane]
      if (viewer.path?.pane !== pane || viewer.path.points[0][normal] !== start[normal]) viewer.path = { pane, points: [] }
      viewer.path.points.push(start)
      return viewer.redraw(true)
    }
    this.drag = { pane, start, last: start, kind }
    this.act(start, true)
    this.up()
  }

  // A stroke that the system took away, or that Escape stopped, never was. Where nothing is under way, the box goes.
  cancel() {
    const { viewer } = this
    const idle = !this.drag && !viewer.path && !viewer.preview && !viewer.assist.asked
    this.drag?.stroke?.cancel()
    this.drag = null
    viewer.assist.drop()
    viewer.set({ path: null, preview: null, ...(idle ? { box: null } : {}) })
    viewer.frame.say('')
  }

  wheel(pane, event) {
    const { viewer } = this
    event.preventDefault()
    if (!viewer.grid) return
    if (event.ctrlKey) return this.zoom(pane, event, Math.exp(-event.deltaY / 400))
    const way = -Math.sign(event.deltaY)
    this.rolled += Math.abs(event.deltaY) * (event.deltaMode === 1 ? NOTCH : 1)
    if (this.rolled < NOTCH) return
    this.rolled = 0
    viewer.plane = pane.plane
    viewer.step(way * (event.shiftKey ? 5 : 1), pane.plane)
    viewer.hover = { pane, position: pane.position(event) }
  }

  // About the pointer: what lies under it stays there.
  zoom(pane, event, factor) {
    const { viewer } = this
    const box = pane.canvas.getBoundingClientRect()
    const [x, y] = [event.clientX - box.left, event.clientY - box.top]
    const [u, v] = pane.placement.toEdge(x, y)
    viewer.zoom = Math.min(20, Math.max(0.5, viewer.zoom * factor))
    viewer.centres[pane.plane] = undefined
    const { step, middle } = pane.placement
    viewer.centres[pane.plane] = [u - (x - middle[0]) / step[0], v - (y - middle[1]) / step[1]]
    viewer.redraw()
  }
}

// The voxels that the threshold brush may paint: those of the active channel within the chosen range.
function within(viewer) {
  const { voxels } = viewer.active
  const { low, high } = viewer.range
  return (index) => voxels[index] >= low && voxels[index] <= high
}
