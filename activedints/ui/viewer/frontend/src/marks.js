// What is drawn over a slice: crosshair, letters, regions, the current spot, the brush's outline, measurements.

import { PLANES } from './grid.js'

const QUIET = 'rgba(200, 214, 229, 0.75)'

export function drawCrosshair(context, pane, width, height) {
  const { viewer } = pane
  if (!viewer.crosshair) return
  const [x, y] = pane.screen(viewer.cross)
  const gap = 9
  context.strokeStyle = 'rgba(120, 220, 255, 0.55)'
  context.lineWidth = 1
  context.beginPath()
  for (const [x0, y0, x1, y1] of [[0, y, x - gap, y], [x + gap, y, width, y], [x, 0, x, y - gap], [x, y + gap, x, height]]) {
    context.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5)
    context.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5)
  }
  context.stroke()
}

// Which side of the patient is where; a bar of 5 cm (or 1 cm when zoomed in).
export function drawLetters(context, pane, placement, width, height) {
  const [low, high, bottom, top] = PLANES[pane.plane].ends
  const [left, right] = placement.mirrored ? [high, low] : [low, high]
  context.font = '600 13px system-ui, sans-serif'
  context.fillStyle = QUIET
  context.textBaseline = 'middle'
  context.shadowColor = '#000'
  context.shadowBlur = 4
  const put = (text, x, y, align) => {
    context.textAlign = align
    context.fillText(text, x, y)
  }
  put(left, 8, height / 2, 'left')
  put(right, width - 20, height / 2, 'right')
  put(top, width / 2, 13, 'center')
  put(bottom, width / 2, height - 13, 'center')
  const centimetres = placement.scale * 50 < width / 3 ? 5 : 1
  const length = placement.scale * 10 * centimetres
  context.strokeStyle = QUIET
  context.lineWidth = 2
  context.beginPath()
  context.moveTo(width - 22 - length, height - 10)
  context.lineTo(width - 22, height - 10)
  context.stroke()
  context.font = '11px system-ui, sans-serif'
  put(`${centimetres} cm`, width - 22, height - 20, 'right')
  context.shadowBlur = 0
}

// Boxes to annotate: outlined, and the rest of the slice dimmed.
export function drawRegions(context, pane, placement) {
  const { viewer, plane, slice } = pane
  const regions = viewer.drawing?.regions ?? []
  if (!regions.length) return
  const { normal, across, up } = PLANES[plane]
  context.fillStyle = 'rgba(0, 0, 0, 0.45)'
  context.beginPath()
  context.rect(...placement.rectangle())
  const boxes = regions.filter(([low, high]) => slice >= low[normal] && slice < high[normal])
  const corners = boxes.map(([low, high]) => {
    const [x0, y0] = placement.toScreen(low[across], low[up])
    const [x1, y1] = placement.toScreen(high[across], high[up])
    return [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)]
  })
  for (const box of corners) context.rect(...box)
  context.fill('evenodd')
  context.strokeStyle = '#ffffff'
  context.setLineDash([6, 4])
  context.lineWidth = 1
  for (const box of corners) context.strokeRect(...box)
  context.setLineDash([])
}

// The box that the reader drew, with its size.
export function drawBox(context, pane, placement) {
  const { viewer, plane, slice } = pane
  if (!viewer.box) return
  const [low, high] = viewer.box
  const { normal, across, up } = PLANES[plane]
  if (slice < low[normal] || slice >= high[normal]) return
  const [x0, y0] = placement.toScreen(low[across], low[up])
  const [x1, y1] = placement.toScreen(high[across], high[up])
  context.strokeStyle = '#ffd166'
  context.lineWidth = 1.5
  context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0))
}

// The most uncertain voxel of the current spot, ringed in its slices. The spot's own outline is drawn with the labels.
export function drawSpot(context, pane) {
  const { viewer, plane, slice } = pane
  const spot = viewer.spots[viewer.spot]
  if (!spot || spot.at[PLANES[plane].normal] !== slice) return
  const [x, y] = pane.screen(spot.at)
  context.strokeStyle = '#ffffff'
  context.lineWidth = 1.5
  context.setLineDash([2, 3])
  context.beginPath()
  context.arc(x, y, 10, 0, 2 * Math.PI)
  context.stroke()
  context.setLineDash([])
}

// What the tool would touch at the pointer, and the outline under way.
export function drawCursor(context, pane, placement) {
  const { viewer, plane } = pane
  if (viewer.path?.pane === pane) {
    context.strokeStyle = viewer.penColour
    context.lineWidth = 2
    context.beginPath()
    viewer.path.points.forEach((point, i) => context[i ? 'lineTo' : 'moveTo'](...pane.screen(point)))
    context.stroke()
  }
  const { hover } = viewer
  if (!hover || !viewer.toolHasBrush) return
  const { normal } = PLANES[plane]
  const away = (hover.position[normal] - pane.slice) * viewer.grid.spacing[normal]
  const radius = viewer.brush.diameter / 2
  const here = hover.pane === pane
  if (!here && (viewer.brush.flat ? hover.pane.plane !== plane : Math.abs(away) > radius)) return
  const shown = here || viewer.brush.flat ? radius : Math.sqrt(radius * radius - away * away)
  const [x, y] = pane.screen(hover.position)
  const reach = shown * placement.scale
  context.strokeStyle = viewer.penColour
  context.lineWidth = 1.25
  context.beginPath()
  if (viewer.brush.round) context.arc(x, y, reach, 0, 2 * Math.PI)
  else context.rect(x - reach, y - reach, 2 * reach, 2 * reach)
  context.stroke()
}

// Distances (mm) and angles (degrees) measured in this slice.
export function drawMeasure(context, pane) {
  const { viewer, plane, slice } = pane
  context.font = '600 12px system-ui, sans-serif'
  context.textAlign = 'left'
  context.textBaseline = 'bottom'
  for (const measure of viewer.measures) {
    if (measure.plane !== plane || measure.slice !== slice) continue
    context.strokeStyle = context.fillStyle = '#ffffff'
    context.lineWidth = 1.5
    context.beginPath()
    const spots = measure.points.map((point) => pane.screen(point))
    spots.forEach((spot, i) => context[i ? 'lineTo' : 'moveTo'](...spot))
    context.stroke()
    for (const [x, y] of spots) context.fillRect(x - 2, y - 2, 4, 4)
    const [x, y] = spots[spots.length - 1]
    context.fillText(measure.text, x + 7, y - 5)
  }
}
