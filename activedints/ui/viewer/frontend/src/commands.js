// Everything that a key can do, in one table: the keyboard map on the screen is drawn from it.

import { askReason, askRemark } from './dialogs.js'
import { PLANES } from './grid.js'
import { accept, propose } from './proposals.js'
import { middle } from './rules.js'
import { copySlice, fillHoles, grow, islands, keepLargest, removeSmall, shrink, smooth } from './shape.js'

export function buildCommands(viewer) {
  const set = (changes) => () => viewer.set(changes)
  const flip = (name) => () => viewer.set({ [name]: !viewer[name] })
  const brush = (changes) => viewer.set({ brush: { ...viewer.brush, ...changes(viewer.brush) } })
  const channel = (step) => () => {
    const count = viewer.channels.length
    viewer.set({ channel: (viewer.channel + step + count) % count })
  }
  const list = [
    ['Look', 'next-channel', 'x', 'Next channel', channel(1)],
    ['Look', 'last-channel', 'shift+x', 'Previous channel', channel(-1)],
    ['Look', 'axial', 'a', 'Axial', set({ layout: 'axial' })],
    ['Look', 'coronal', 'c', 'Coronal', set({ layout: 'coronal' })],
    ['Look', 'sagittal', 's', 'Sagittal', set({ layout: 'sagittal' })],
    ['Look', 'three', 'm', 'All three planes and 3-D', set({ layout: 'three' })],
    ['Look', 'channels', 'q', 'Four channels side by side', set({ layout: 'channels' })],
    ['Look', 'compare', 'p', 'Compare with another version', () => compareSides(viewer)],
    ['Look', '3d', 'v', '3-D', set({ layout: '3d' })],
    ['Look', 'up', 'arrowup', 'One slice up', () => viewer.step(1)],
    ['Look', 'down', 'arrowdown', 'One slice down', () => viewer.step(-1)],
    ['Look', 'far-up', 'pageup', 'Five slices up', () => viewer.step(5)],
    ['Look', 'far-down', 'pagedown', 'Five slices down', () => viewer.step(-5)],
    ['Look', 'left', 'ctrl+arrowleft', 'Crosshair left in the slice', () => nudge(viewer, -1, 0)],
    ['Look', 'right', 'ctrl+arrowright', 'Crosshair right in the slice', () => nudge(viewer, 1, 0)],
    ['Look', 'above', 'ctrl+arrowup', 'Crosshair up in the slice', () => nudge(viewer, 0, -1)],
    ['Look', 'below', 'ctrl+arrowdown', 'Crosshair down in the slice', () => nudge(viewer, 0, 1)],
    ['Look', 'closer', '+', 'Zoom in', () => viewer.set({ zoom: Math.min(20, viewer.zoom * 1.25) })],
    ['Look', 'further', '-', 'Zoom out', () => viewer.set({ zoom: Math.max(0.5, viewer.zoom / 1.25) })],
    ['Look', 'fit', '0', 'Fit to the pane', () => viewer.set({ zoom: 1, centres: {} })],
    ['Look', 'auto-window', 'w', 'Automatic window and level', () => autoWindow(viewer)],
    ['Look', 'radiological', 'shift+r', 'Radiological or neurological', flip('radiological')],
    ['Look', 'crosshair', 'k', 'Crosshair', flip('crosshair')],
    ['Look', 'interpolate', 'shift+i', 'Smooth or plain pixels', flip('smooth')],
    ['Look', 'blend', 'shift+b', 'Fade to the next channel', () => fade(viewer)],
    ['Look', 'enhancement', 'shift+d', 'T1 with contrast minus T1', () => enhancement(viewer)],

    ['Draw', 'apply', 'space', 'The tool, at the crosshair', () => viewer.pointer.apply()],
    ['Draw', 'navigate', 'n', 'Navigate', set({ tool: 'navigate' })],
    ['Draw', 'brush', 'b', 'Brush', set({ tool: 'brush' })],
    ['Draw', 'eraser', 'e', 'Eraser', set({ tool: 'eraser' })],
    ['Draw', 'outline', 'f', 'Filled outline', set({ tool: 'outline' })],
    ['Draw', 'threshold', 't', 'Threshold brush', () => thresholdBrush(viewer)],
    ['Draw', 'grow', 'g', 'Grow a region from a click', set({ tool: 'grow' })],
    ['Draw', 'correct', 'j', 'Scribble: the model finishes it', set({ tool: 'correct' })],
    ['Draw', 'background', 'shift+e', 'Scribble the label or background', flip('correcting')],
    ['Draw', 'box', 'o', 'Box', set({ tool: 'box' })],
    ['Draw', 'predict', 'shift+p', 'Predict here again', () => viewer.assist.predict()],
    ['Draw', 'smaller', '[', 'Smaller brush', () => brush(({ diameter }) => ({ diameter: Math.max(1, diameter - 1) }))],
    ['Draw', 'larger', ']', 'Larger brush', () => brush(({ diameter }) => ({ diameter: Math.min(60, diameter + 1) }))],
    ['Draw', 'flat', 'shift+f', 'Brush in the slice or in 3-D', () => brush(({ flat }) => ({ flat: !flat }))],
    ['Draw', 'round', 'shift+q', 'Round or square brush', () => brush(({ round }) => ({ round: !round }))],
    ['Draw', 'lock', 'l', 'Lock the label', () => toggle(viewer, 'locked')],
    ['Draw', 'hide', 'shift+h', 'Hide the label', () => toggle(viewer, 'visible')],
    ['Draw', 'labels', 'd', 'Show or hide all labels', flip('labelsShown')],
    ['Draw', 'undo', 'ctrl+z', 'Undo', () => viewer.back()],
    ['Draw', 'redo', 'ctrl+shift+z', 'Redo', () => viewer.back(true)],

    ['Shape', 'between', 'i', 'Fill between slices', () => propose(viewer, 'between', { plane: viewer.plane })],
    ['Shape', 'accept', 'enter', 'Draw the proposal or outline', () => (viewer.path ? viewer.pointer.close() : accept(viewer))],
    ['Shape', 'drop', 'escape', 'Drop the stroke, proposal or box', () => viewer.pointer.cancel()],
    ['Shape', 'copy-up', 'shift+arrowup', 'Copy the label one slice up', () => copy(viewer, 1)],
    ['Shape', 'copy-down', 'shift+arrowdown', 'Copy the label one slice down', () => copy(viewer, -1)],
    ['Shape', 'island', 'shift+j', 'Show the next island', () => nextIsland(viewer)],
    ['Shape', 'largest', 'shift+l', 'Keep the largest island', () => reshape(viewer, keepLargest)],
    ['Shape', 'small', 'shift+s', 'Remove small islands', () => reshape(viewer, removeSmall, viewer.shaping.mL)],
    ['Shape', 'holes', 'shift+o', 'Fill holes', () => reshape(viewer, fillHoles)],
    ['Shape', 'smooth', 'shift+m', 'Smooth', () => reshape(viewer, smooth, viewer.shaping.mm)],
    ['Shape', 'wider', 'shift+g', 'Grow', () => reshape(viewer, grow, viewer.shaping.mm)],
    ['Shape', 'narrower', 'shift+k', 'Shrink', () => reshape(viewer, shrink, viewer.shaping.mm)],

    ['Measure', 'distance', 'r', 'Distance', set({ tool: 'distance' })],
    ['Measure', 'angle', 'shift+a', 'Angle', set({ tool: 'angle' })],
    ['Measure', 'clear', 'shift+c', 'Clear measurements', set({ measures: [] })],

    ['Uncertainty', 'spot', 'u', 'Next uncertain spot', () => viewer.visit(viewer.spot + 1)],
    ['Uncertainty', 'last-spot', 'shift+u', 'Previous uncertain spot', () => viewer.visit(Math.max(viewer.spot, 0) - 1)],
    ['Uncertainty', 'heat', 'h', 'Heat map on or off', () => heat(viewer)],

    ['Case', 'save', 'ctrl+s', 'Save the draft now', () => saveNow(viewer)],
    ['Case', 'remark', 'y', 'How hard it was, and a comment', () => remark(viewer)],
    ['Case', 'skip', 'shift+n', 'Skip this case', () => setAside(viewer, 'skip')],
    ['Case', 'flag', 'shift+t', 'Flag this case', () => setAside(viewer, 'flag')],
    ['Case', 'submit', 'ctrl+enter', 'Submit', () => viewer.submit()],
    ['Case', 'submit-box', 'ctrl+shift+enter', 'Submit only the box', () => submitBox(viewer)],
    ['Case', 'help', '?', 'This keyboard map', () => viewer.frame.help()],
    ['Case', 'full', 'shift+enter', 'Full screen', () => viewer.frame.fullScreen()],
  ]
  for (let i = 0; i < 9; i++) {
    const name = () => viewer.labels[i] && viewer.set({ label: i })
    list.push(['Draw', `label-${i + 1}`, `${i + 1}`, `Label ${i + 1}`, name])
  }
  return list.map(([group, id, key, label, run]) => ({ group, id, key, label, run }))
}

// A keyboard event as the table writes it. Shift counts only with letters and named keys: "?" says it already.
export function keyOf(event) {
  const key = event.key.toLowerCase()
  const parts = []
  if (event.ctrlKey || event.metaKey) parts.push('ctrl')
  if (event.shiftKey && (/^[a-z]$/.test(key) || key.length > 1)) parts.push('shift')
  const combination = [...parts, key].join('+')
  return { 'ctrl+y': 'ctrl+shift+z', '=': '+', ' ': 'space' }[combination] ?? combination
}

// One voxel along the screen of the plane in hand.
function nudge(viewer, right, down) {
  if (!viewer.grid) return
  const { across, up } = PLANES[viewer.plane]
  const cross = [...viewer.cross]
  cross[across] += viewer.radiological && across === 0 ? -right : right
  cross[up] -= down
  viewer.moveTo(cross)
}

const REASONS = {
  skip: ['Skip this case', ['Not sure', 'Takes too long', 'Somebody else should read it']],
  flag: ['Flag this case', ['Bad scan', 'Not a tumour', 'Wrong channel', 'Other finding']],
}

function setAside(viewer, kind) {
  if (viewer.editable) askReason(viewer, ...REASONS[kind], (text) => viewer.saving.post(kind, text))
}

function remark(viewer) {
  if (viewer.editable) askRemark(viewer)
}

function submitBox(viewer) {
  if (viewer.box) viewer.submit(true)
  else viewer.frame.say('There is no box yet: draw one with the box tool.')
}

function toggle(viewer, what) {
  const label = viewer.labels[viewer.label]
  if (label) label[what] = !label[what]
  viewer.set({})
}

function heat(viewer) {
  if (!viewer.heat) return viewer.frame.say('This case has no uncertainty map.')
  viewer.heat.shown = !viewer.heat.shown
  viewer.set({})
}

// The islands of the label in hand, one after the other, largest first.
function nextIsland(viewer) {
  if (!viewer.drawing || !viewer.pen) return
  const found = islands(viewer.grid, viewer.drawing.voxels, viewer.pen)
  const name = viewer.labels[viewer.label].name
  if (!found.length) return viewer.frame.say(`There is no ${name} in this case.`)
  viewer.island = viewer.islandOf === viewer.pen ? (viewer.island + 1) % found.length : 0
  viewer.islandOf = viewer.pen
  viewer.moveTo(middle(viewer.grid, found[viewer.island]))
  const millilitres = (found[viewer.island].length * viewer.grid.millilitres).toFixed(2)
  viewer.frame.say(`Island ${viewer.island + 1} of ${found.length} of ${name}: ${millilitres} mL`)
}

function autoWindow(viewer) {
  viewer.windows = {}
  for (const channel of viewer.channels) if (channel.automatic) channel.window = { ...channel.automatic }
  viewer.set({})
}

function fade(viewer) {
  if (viewer.channels.length < 2) return
  viewer.set({ blend: viewer.blend?.share ? null : { channel: (viewer.channel + 1) % viewer.channels.length, share: 0.5 } })
}

// What took up contrast: the channel after it, less the one before; once more ends it.
function enhancement(viewer) {
  if (viewer.blend?.difference) return viewer.set({ blend: null })
  const numberOf = (pattern) => viewer.channels.findIndex(({ name }) => pattern.test(name))
  const [after, before] = [numberOf(/^t1[-_ ]?(w[-_ ]?)?(gd|c|ce|post|\+)/i), numberOf(/^t1[-_ ]?(w|n|native|pre)?$/i)]
  if (after < 0 || before < 0) return viewer.frame.say('This case has no pair of T1 with and without contrast.')
  viewer.set({ channel: after, blend: { channel: before, share: 0.5, difference: true } })
}

function thresholdBrush(viewer) {
  const { low, high } = viewer.active?.window ?? { low: 0, high: 1 }
  viewer.set({ tool: 'threshold', range: { low: (low + high) / 2, high } })
}

function saveNow(viewer) {
  if (viewer.saving.unsaved) viewer.saving.draft()
  else viewer.frame.say('Everything is saved.')
}

function compareSides(viewer) {
  if (!viewer.data.versions?.length) return viewer.frame.say('There is no other version of this case.')
  if (!viewer.compared) viewer.compare(0)
  viewer.set({ layout: viewer.layout === 'compare' ? viewer.plane : 'compare' })
}

function reshape(viewer, change, ...by) {
  if (!viewer.editable || !viewer.pen) return
  const changed = viewer.drawing.replace(change(viewer.grid, viewer.drawing.voxels, viewer.pen, ...by), viewer.rule)
  viewer.frame.say(changed ? `${(changed * viewer.grid.millilitres).toFixed(2)} mL changed.` : 'Nothing changed.')
  if (changed) viewer.changed()
}

function copy(viewer, way) {
  const axis = PLANES[viewer.plane].normal
  const from = viewer.cross[axis]
  reshape(viewer, (grid, voxels, value) => copySlice(grid, voxels, value, viewer.plane, from, from + way))
  viewer.step(way)
}
