// One pane: a slice of one channel with heat, labels and marks, and the way from its pixels to voxels.

import { h, percent } from './dom.js'
import { PLANES, Placement, positionAt } from './grid.js'
import { Layer, borders, differences, greys, heats, rgba, tints } from './layers.js'
import { Strip } from './strip.js'
import { drawBox, drawCrosshair, drawCursor, drawLetters, drawMeasure, drawRegions, drawSpot } from './marks.js'

export class Pane {
  constructor(viewer, plane, channel = null, compared = false) {
    this.viewer = viewer
    this.plane = plane
    this.channel = channel // null: the viewer's active channel
    this.compared = compared // shows the version compared with instead of the drawing
    this.base = h('canvas', {}) // the slice
    const name = `${plane} slice; its place, value and label are told in the line below`
    this.canvas = h('canvas', { 'data-plane': plane, role: 'img', 'aria-label': name }) // the marks over it; the pointer works here
    this.caption = h('span', { class: 'caption' })
    this.strip = new Strip(this)
    this.element = h('div', { class: 'pane' }, this.canvas, this.caption, this.strip.canvas)
    this.layers = {}
    this.borders = {}
    for (const name of ['image', 'blend', 'difference', 'heat', 'label', 'range', 'preview']) this.layers[name] = new Layer()
    this.observer = new ResizeObserver(() => this.viewer.redraw())
    this.observer.observe(this.element)
  }

  get slice() {
    return this.viewer.cross[PLANES[this.plane].normal]
  }

  get placement() {
    const { grid, zoom, centres, radiological } = this.viewer
    const [width, height] = [this.element.clientWidth, this.element.clientHeight]
    return new Placement(grid, this.plane, width, height, { zoom, centre: centres[this.plane], radiological })
  }

  // The voxel position under a pointer event (centres at whole numbers).
  position(event) {
    const box = this.canvas.getBoundingClientRect()
    return positionAt(this.placement, this.plane, this.slice, event.clientX - box.left, event.clientY - box.top)
  }

  // A voxel position on the pane, in CSS pixels.
  screen(position) {
    const { across, up } = PLANES[this.plane]
    return this.placement.toScreen(position[across] + 0.5, position[up] + 0.5)
  }

  // All of the pane, or (when only the pointer moved) just the marks over it.
  draw(marksOnly = false) {
    const { viewer, plane } = this
    const size = [this.element.clientWidth, this.element.clientHeight]
    if (!size[0] || !size[1]) return
    if (!marksOnly) this.drawSlice(prepared(this.base, size, '#000'))
    const context = prepared(this.canvas, size, '#000')
    if (this.base.width) context.drawImage(this.base, 0, 0, ...size)
    if (!viewer.grid) return
    const placement = this.placement
    drawRegions(context, this, placement)
    drawBox(context, this, placement)
    drawSpot(context, this)
    drawCrosshair(context, this, ...size)
    drawMeasure(context, this)
    drawCursor(context, this, placement)
    drawLetters(context, this, placement, ...size)
    this.strip.draw(size[1])
    const channel = viewer.channels[this.channel ?? viewer.channel]
    const loading = channel?.voxels ? '' : ' · loading'
    const beside = this.compared ? (viewer.compared?.name ?? 'nothing chosen') : 'your drawing'
    const version = viewer.layout === 'compare' ? `${beside}\n` : ''
    const place = `${plane} ${this.slice + 1}/${viewer.grid.shape[PLANES[plane].normal]}`
    const over = this.channel === null && viewer.blend?.channel !== viewer.channel ? viewer.blend : null
    const second = over && viewer.channels[over.channel]?.name
    const mixed = !second ? '' : over.difference ? ` − ${second}` : ` + ${percent(over.share)} ${second}`
    this.caption.textContent = `${version}${channel.name}${mixed}${loading} · ${place}${windowText(channel)}`
  }

  drawSlice(context) {
    const { viewer, plane, slice, layers, placement } = this
    const { grid, heat, drawing, preview } = viewer
    if (!grid) return
    const rectangle = placement.rectangle()
    const show = (name, opacity, smooth, key, colour) => {
      context.globalAlpha = opacity
      context.imageSmoothingEnabled = smooth
      context.drawImage(layers[name].paint(grid, plane, slice, placement.mirrored, key, colour), ...rectangle)
      context.globalAlpha = 1
    }
    const number = this.channel ?? viewer.channel
    const image = (name, which, share) => {
      const channel = viewer.channels[which]
      if (!channel?.voxels) return
      const key = [viewer.data.case, which, channel.window]
      show(name, share, viewer.smooth, key, () => greys(channel.voxels, channel.window))
    }
    const blend = this.channel === null ? viewer.blend : null
    const other = viewer.channels[blend?.channel]
    if (blend?.difference && other?.voxels && viewer.active.voxels) {
      const key = [viewer.data.case, number, blend.channel]
      show('difference', 1, viewer.smooth, key, () => differences(viewer.active, other))
    } else {
      image('image', number, 1)
      if (blend?.share) image('blend', blend.channel, blend.share)
    }
    if (heat?.shown) {
      const key = [viewer.data.case, heat.threshold, heat.name ?? '']
      if (!heat.outlined) show('heat', heat.opacity, viewer.smooth, key, () => heats(heat.voxels, heat.stops, heat.threshold))
      else this.drawBorders('heat', context, key, (index) => (heat.voxels[index] / 255 >= heat.threshold ? 1 : 0), () => '#ff8f9c')
    }
    const past = viewer.compared
    const voxels = this.compared ? past?.voxels : drawing?.voxels
    if (voxels && viewer.labelsShown) {
      const key = [viewer.data.case, this.compared ? past.number : drawing.version, viewer.labels.map(({ visible }) => visible)]
      show('label', viewer.fill, false, key, () => tints(voxels, viewer.labels))
      const colours = new Map(viewer.labels.filter(({ visible }) => visible).map(({ value, colour }) => [value, colour]))
      if (viewer.outlined) this.drawBorders('label', context, key, (index) => voxels[index], (value) => colours.get(value))
      if (past && drawing) {
        const differs = (index) => (drawing.voxels[index] === past.voxels[index] ? 0 : 1)
        this.drawBorders('changes', context, [...key, drawing.version, past.number], differs, () => '#ffffff', [3, 3])
      }
    }
    const { place } = viewer
    if (place && viewer.layout !== 'compare') {
      this.drawBorders('place', context, [viewer.data.case, viewer.spot], (index) => place[index], () => '#fdf0b5', [1, 3])
    }
    if (viewer.tool === 'threshold' && viewer.range && viewer.active?.voxels && viewer.editable) {
      const { low, high } = viewer.range
      const { voxels: values } = viewer.active
      const tint = rgba(...viewer.labels[viewer.label].rgb, 90)
      const key = [viewer.data.case, viewer.channel, viewer.label, low, high]
      show('range', 1, false, key, () => (index) => (values[index] >= low && values[index] <= high ? tint : 0))
    }
    const { scribble } = viewer
    if (scribble) {
      const [red, green, blue] = viewer.labels.find(({ value }) => value === scribble.value)?.rgb ?? [255, 255, 255]
      const ink = rgba(red, green, blue, 255)
      show('preview', 1, false, ['scribble', viewer.data.case, scribble.number], () => (index) => (scribble.mask[index] ? ink : 0))
    } else if (preview) {
      const white = rgba(255, 255, 255, 150)
      show('preview', 1, false, [preview.number], () => (index) => (preview.mask[index] ? white : 0))
    }
  }

  // Outlines in screen space, so that they stay thin at any zoom. Found again only when `key` changes.
  drawBorders(name, context, key, valueAt, colourOf, dashes = []) {
    const { viewer, plane, slice, placement } = this
    const whole = JSON.stringify([plane, slice, key])
    if (this.borders[name]?.whole !== whole) {
      this.borders[name] = { whole, edges: borders(viewer.grid, plane, slice, valueAt) }
    }
    const [x, y] = placement.toScreen(0, 0)
    const [dx, dy] = placement.step
    context.lineWidth = 1.5
    context.setLineDash(dashes)
    for (const [value, edges] of this.borders[name].edges) {
      const colour = colourOf(value)
      if (!colour) continue
      context.strokeStyle = colour
      context.beginPath()
      for (let i = 0; i < edges.length; i += 4) {
        context.moveTo(x + edges[i] * dx, y + edges[i + 1] * dy)
        context.lineTo(x + edges[i + 2] * dx, y + edges[i + 3] * dy)
      }
      context.stroke()
    }
    context.setLineDash([])
  }

  remove() {
    this.observer.disconnect()
    this.element.remove()
  }
}

// Window and level in the scan's own units.
function windowText({ window: shown, slope, intercept }) {
  if (!shown) return ''
  const level = ((shown.high + shown.low) / 2) * slope + intercept
  return `\nW ${Math.round((shown.high - shown.low) * slope)} L ${Math.round(level)}`
}

// A canvas of this many CSS pixels, cleared (or filled), with its context in CSS pixels.
function prepared(canvas, [width, height], ground = null) {
  const ratio = window.devicePixelRatio || 1
  const pixels = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== pixels[0]) canvas.width = pixels[0]
  if (canvas.height !== pixels[1]) canvas.height = pixels[1]
  const context = canvas.getContext('2d', { alpha: false })
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.fillStyle = ground ?? 'transparent'
  if (ground) context.fillRect(0, 0, width, height)
  return context
}
