// The 3-D view without a graphics card: the labels as solids in a head of glass. Drag turns it, the wheel zooms, a
// click on a label moves the crosshair there.

import { h } from './dom.js'
import { axesOf, render, surfacePoints } from './solid.js'

const COARSE = 2.2 // mm between the points of the glass
const ENDS = [['R', 0, 1], ['L', 0, -1], ['A', 1, 1], ['P', 1, -1], ['S', 2, 1], ['I', 2, -1]]

export class Glass {
  constructor(viewer) {
    this.viewer = viewer
    this.view = { azimuth: 35, elevation: 15, zoom: 1 }
    this.canvas = h('canvas', { class: 'glass', role: 'img', 'aria-label': '3-D view of the labels: drag to turn, wheel to zoom, click to go there' })
    this.canvas.addEventListener('pointerdown', (event) => this.down(event))
    this.canvas.addEventListener('pointermove', (event) => this.drag && this.turn(event))
    this.canvas.addEventListener('pointerup', (event) => this.up(event))
    this.canvas.addEventListener('pointercancel', () => { this.drag = null })
    this.canvas.addEventListener('wheel', (event) => this.wheel(event))
    this.observer = new ResizeObserver(() => this.redraw())
    this.observer.observe(this.canvas)
  }

  // The labels (and, for another channel or case, the head) are found anew.
  update() {
    const { grid, drawing, labels, active } = this.viewer
    const key = `${drawing.version} ${labels.map(({ visible }) => visible)}`
    if (this.head === active.voxels && this.key === key) return
    this.key = key
    if (this.head !== active.voxels) {
      this.head = active.voxels
      const step = Math.max(1, Math.round(COARSE / Math.min(...grid.spacing)))
      const tissue = tissueOf(active)
      this.glass = { ...surfacePoints(grid, (index) => (active.voxels[index] > tissue ? 1 : 0), step), step }
    }
    const seen = new Uint8Array(256)
    for (const { value, visible } of labels) seen[value] = visible ? value : 0
    const { voxels } = drawing
    this.solids = surfacePoints(grid, (index) => seen[voxels[index]])
    this.redraw()
  }

  redraw() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null
      this.draw()
    })
  }

  draw() {
    const { canvas, viewer, view } = this
    const [width, height] = [canvas.clientWidth, canvas.clientHeight]
    if (!this.solids || !viewer.grid || !width || !height) return
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d', { alpha: false })
    const image = context.createImageData(width, height)
    const { spacing, shape } = viewer.grid
    const size = Math.hypot(...shape.map((n, axis) => n * spacing[axis]))
    this.scale = (1.3 * view.zoom * Math.min(width, height)) / size
    this.axes = axesOf(view.azimuth, view.elevation)
    const colours = []
    for (const { value, rgb } of viewer.labels) colours[value] = rgb
    const pixels = new Uint32Array(image.data.buffer)
    this.shown = render(pixels, [width, height], this.scale, this.axes, spacing, this, colours)
    context.putImageData(image, 0, 0)
    this.letters(context, width, height)
  }

  // The sides of the patient, where they face the reader.
  letters(context, width, height) {
    const { shape, spacing } = this.viewer.grid
    context.font = '600 13px system-ui, sans-serif'
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    for (const [text, axis, way] of ENDS) {
      const away = (way * shape[axis] * spacing[axis]) / 2
      if (way * this.axes.eye[axis] < -0.3) continue
      context.fillStyle = 'rgba(200, 214, 229, 0.85)'
      const x = width / 2 + this.scale * away * this.axes.right[axis]
      const y = height / 2 - this.scale * away * this.axes.up[axis]
      context.fillText(text, Math.min(width - 10, Math.max(10, x)), Math.min(height - 10, Math.max(10, y)))
    }
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId)
    this.drag = { x: event.clientX, y: event.clientY, far: 0 }
  }

  turn(event) {
    const { drag, view } = this
    const [right, down] = [event.clientX - drag.x, event.clientY - drag.y]
    Object.assign(drag, { x: event.clientX, y: event.clientY, far: drag.far + Math.abs(right) + Math.abs(down) })
    view.azimuth += right / 2
    view.elevation = Math.min(89, Math.max(-89, view.elevation + down / 2))
    this.redraw()
  }

  up(event) {
    const still = this.drag && this.drag.far < 4
    this.drag = null
    if (!still || !this.shown) return
    const index = this.shown[Math.floor(event.offsetY) * this.canvas.width + Math.floor(event.offsetX)]
    if (index >= 0) this.viewer.moveTo(this.viewer.grid.voxel(index))
  }

  wheel(event) {
    event.preventDefault()
    this.view.zoom = Math.min(8, Math.max(0.5, this.view.zoom * Math.exp(-event.deltaY / 400)))
    this.redraw()
  }

  forget() {
    this.head = this.key = this.glass = this.solids = this.shown = null
  }
}

// The stored value above which a voxel belongs to the head: zero where the scan was stripped, else a seventh of the
// window.
function tissueOf({ voxels, automatic, slope, intercept }) {
  const zero = Math.round(-intercept / slope)
  let filled = 0
  for (let i = 0; i < voxels.length; i += 97) if (voxels[i] > zero) filled++
  const stripped = filled < 0.6 * (voxels.length / 97)
  return stripped ? zero : automatic.low + (automatic.high - automatic.low) / 7
}
