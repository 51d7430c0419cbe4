// Loads a case: first the first channel with the starting label map and the heat map, then the other channels.

import { sha256 } from './digest.js'
import { Drawing } from './drawing.js'
import { hexRgb } from './layers.js'
import { fetchVolume } from './nifti.js'
import { profiles } from './propose.js'

export async function loadCase(viewer, data) {
  const current = () => viewer.data.case === data.case && viewer.grid
  const fetched = (source) => fetchVolume(source.url, data.shape)
  try {
    if (!globalThis.DecompressionStream || !globalThis.CompressionStream) {
      throw new Error('This browser is too old for the viewer: use Chrome or Edge 103, Firefox 113, Safari 16.4, or newer.')
    }
    const picture = fetched(data.channels[0]).then((volume) => {
      if (!current()) return
      viewer.setChannel(0, volume)
      requestAnimationFrame(() => performance.mark('viewer-picture'))
    })
    const [start, heat] = await Promise.all([
      data.segmentation ? fetched(data.segmentation) : null,
      data.uncertainty ? fetched(data.uncertainty) : null,
      picture,
    ])
    if (!current()) return
    const voxels = start ? start.voxels.slice() : new Uint8Array(viewer.grid.size)
    // the proof that what the reader corrects is what Python sent, before the first stroke
    if (start && (await sha256(voxels)) !== data.segmentation.sha) {
      throw new Error('The draft arrived changed: its checksum does not fit; reload the page.')
    }
    viewer.drawing = new Drawing(viewer.grid, voxels, data.regions)
    if (heat) {
      const stops = data.uncertainty.colours.map(hexRgb)
      const shown = { opacity: 0.4, threshold: 0.25, shown: true, outlined: false }
      viewer.doubt = heat.voxels
      viewer.heat = { voxels: heat.voxels, stops, profiles: profiles(viewer.grid, heat.voxels), ...shown }
    }
    viewer.set({})
    viewer.surface.show()
    viewer.mark('ready')
    if (document.activeElement === document.body) viewer.root.focus({ preventScroll: true })
    await viewer.saving.restore()
    await loadChannels(viewer)
  } catch (error) {
    if (!current()) return
    if (!viewer.drawing) viewer.mark('failed')
    viewer.frame.warn(error.message)
  }
}

// The channels that are not there yet, one at a time, then the next case into the browser's cache. Called again with
// fresh addresses where old ones had run out.
export async function loadChannels(viewer) {
  const { grid } = viewer
  if (viewer.fetching === grid) return
  viewer.fetching = grid
  try {
    for (let number = 0; number < viewer.channels.length; number++) {
      if (viewer.channels[number].voxels) continue
      const volume = await fetchVolume(viewer.data.channels[number].url, viewer.data.shape)
      if (viewer.grid !== grid) return
      viewer.setChannel(number, volume)
      viewer.frame.refresh()
    }
    viewer.root.dataset.channels = String(viewer.channels.length)
    requestAnimationFrame(() => performance.mark('viewer-complete'))
    viewer.surface.show()
    for (const url of viewer.data.upcoming ?? []) await fetch(url)
  } finally {
    if (viewer.fetching === grid) viewer.fetching = null
  }
}
