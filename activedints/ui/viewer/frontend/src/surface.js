// The 3-D view, and the only file that knows NiiVue: the active channel as a volume, the labels inside it.

import { NVImage, Niivue, SLICE_TYPE, cmapper } from '@niivue/niivue'
import { button, h } from './dom.js'

const REST = { hardware: 0.8, software: 4 } // seconds without a hand on the viewer before 3-D is drawn by itself
const SMALL = 2e6 // voxels up to which that happens even without a graphics card

export class Surface {
  constructor(viewer) {
    this.viewer = viewer
    this.message = h('p', { class: 'hint' })
    this.start = button({ label: 'Show 3-D', run: () => this.begin() })
    this.element = h('div', { class: 'pane surface' }, h('div', { class: 'offer' }, this.message, this.start))
    this.nv = null
    this.shownChannel = null
  }

  // Called when the pane appears, or the channel that it shows has come or changed.
  show() {
    const { viewer } = this
    if (!this.element.isConnected || !viewer.active?.voxels || !viewer.drawing) return
    if (viewer.layout === '3d' && !this.nv && graphics() !== 'none') this.begin()
    else if (this.nv || viewer.channels.every(({ voxels }) => voxels)) this.later()
  }

  // Draw (again) when the reader rests: without a graphics card it holds the browser up for a while.
  later() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.due(), 1000 * REST.hardware)
  }

  due() {
    const { viewer } = this
    if (!this.element.isConnected) return
    const kind = graphics()
    this.start.hidden = kind === 'none'
    if (kind === 'none') {
      this.message.textContent = 'This browser has no WebGL2, so there is no 3-D view; the slices need none.'
      return
    }
    if (!this.nv && kind === 'software' && viewer.grid.size > SMALL) {
      this.message.textContent = 'No graphics card was found: the 3-D view is slow here.'
      return
    }
    const wait = REST[kind] - viewer.clock.resting
    if (wait > 0) this.timer = setTimeout(() => this.due(), 1000 * wait)
    else if (this.nv) this.update()
    else this.begin()
  }

  async begin() {
    if (this.nv || this.beginning) return
    this.beginning = true
    const canvas = h('canvas', { 'aria-label': '3-D view: drag to turn, wheel to zoom', role: 'img' })
    const host = h('div', { class: 'gl' }, canvas)
    this.element.append(host)
    const nv = new Niivue({ dragAndDropEnabled: false, logLevel: 'error', isAntiAlias: false, show3Dcrosshair: false,
      backColor: [0, 0, 0, 1], isOrientCube: false, clipPlaneHotKey: '', cycleClipPlaneHotKey: '', viewModeHotKey: '' })
    await nv.attachToCanvas(canvas)
    nv.setSliceType(SLICE_TYPE.RENDER)
    nv.setRenderAzimuthElevation(120, 15)
    this.nv = nv
    this.beginning = false
    await this.update()
  }

  async update() {
    const { nv, viewer } = this
    if (!nv || !this.element.isConnected || !viewer.drawing) return
    const channel = viewer.active
    if (this.shownChannel !== channel.file) {
      this.shownChannel = channel.file
      while (nv.volumes.length) nv.removeVolume(nv.volumes[0])
      const image = await NVImage.loadFromUrl({ url: channel.file.slice(0), name: 'channel.nii' })
      if (this.nv !== nv) return
      image.cal_min = channel.window.low * channel.slope + channel.intercept
      image.cal_max = channel.window.high * channel.slope + channel.intercept
      nv.drawLut = lut(viewer.labels) // read when a volume is added
      nv.addVolume(image)
      nv.createEmptyDrawing()
    }
    nv.drawBitmap = viewer.drawing.voxels.slice()
    nv.setDrawOpacity(1)
    nv.refreshDrawing(true)
    this.element.dataset.state = 'shown'
  }

  forget() {
    clearTimeout(this.timer)
    this.shownChannel = null
    if (!this.nv) return
    this.nv.cleanup()
    this.nv.gl.getExtension('WEBGL_lose_context')?.loseContext() // cleanup() alone frees no graphics memory
    this.nv = null
    this.element.querySelector('.gl')?.remove()
    delete this.element.dataset.state
  }
}

function lut(labels) {
  const colours = { R: [0], G: [0], B: [0], A: [0], I: [0], labels: [''] }
  for (const { value, name, rgb } of labels) {
    for (const [part, number] of [['R', rgb[0]], ['G', rgb[1]], ['B', rgb[2]], ['A', 255], ['I', value], ['labels', name]]) colours[part].push(number)
  }
  return cmapper.makeDrawLut(colours)
}

let found = null

// What draws WebGL2 here: 'hardware', 'software' or 'none'. Asked once.
function graphics() {
  if (found) return found
  const gl = document.createElement('canvas').getContext('webgl2')
  if (!gl) return (found = 'none')
  const name = gl.getExtension('WEBGL_debug_renderer_info')
  const renderer = String(gl.getParameter(name ? name.UNMASKED_RENDERER_WEBGL : gl.RENDERER))
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  found = /swiftshader|llvmpipe|software/i.test(renderer) ? 'software' : 'hardware'
  return found
}
