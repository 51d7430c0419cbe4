// Region growing and filling between slices, seen before they are drawn: Enter draws them, Escape drops them.

import { fillBetween, regionGrow } from './propose.js'
import { middle } from './rules.js'

let proposals = 0

// kind 'grow' needs {seed, plane}; 'between' needs {plane}. Called again whenever tolerance or reach change.
export function propose(viewer, kind, { seed = null, plane }) {
  const { grid, drawing, growing, active, pen } = viewer
  if (!viewer.editable || !pen) return viewer.frame.say('Choose a label first.')
  if (kind === 'grow' && !active.voxels) return viewer.frame.say(`${active.name} is still loading.`)
  const mask = kind === 'grow' ? grown(grid, active, seed, plane, growing) : fillBetween(grid, drawing.voxels, pen, plane)
  let count = 0
  for (const byte of mask) count += byte
  const millilitres = (count * grid.millilitres).toFixed(2)
  viewer.preview = count ? { kind, seed, plane, mask, pen, millilitres, number: ++proposals } : null
  viewer.frame.refresh()
  viewer.redraw()
  const nothing = kind === 'grow' ? 'Nothing grows from here.' : `No gap lies between ${plane} slices of this label.`
  viewer.frame.say(count ? `${millilitres} mL proposed: Enter draws it, Escape drops it.` : nothing)
}

function grown(grid, channel, seed, plane, { tolerance, reach, flat }) {
  const width = channel.automatic.high - channel.automatic.low
  return regionGrow(grid, channel.voxels, seed, { tolerance: tolerance * width, reach, plane: flat ? plane : null })
}

export function repropose(viewer) {
  if (viewer.preview) propose(viewer, viewer.preview.kind, viewer.preview)
}

export function accept(viewer) {
  const { preview } = viewer
  if (!preview || !viewer.editable) return
  const stroke = viewer.drawing.begin(preview.pen, viewer.rule)
  for (let index = 0; index < preview.mask.length; index++) if (preview.mask[index]) stroke.visit(index)
  viewer.set({ preview: null })
  if (stroke.end()) viewer.changed()
  else viewer.frame.say('Nothing changed: the overwrite rule, a lock or the region kept every voxel.')
}

// What the reader sees but a submission would leave out, as check() names its places: [{text, at}].
export function undrawn({ grid, preview, path }) {
  const found = []
  if (preview) {
    const indices = []
    preview.mask.forEach((byte, index) => byte && indices.push(index))
    found.push({ text: `A proposal of ${preview.millilitres} mL is not drawn; Enter in the case draws it`, at: middle(grid, indices) })
  }
  if (path) found.push({ text: 'An outline is not closed; Enter in the case fills it', at: path.points.at(-1) })
  return found
}
