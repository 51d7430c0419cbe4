// The 3-D pane, and the only file that knows NiiVue. With a graphics card: the active channel as a volume with the
// labels inside it. Without one, where such a picture takes seconds: the labels in a head of glass, on a plain canvas.

import { NVImage, Niivue, SLICE_TYPE, cmapper } from '@niivue/niivue'
import { button, h } from './dom.js'
import { Glass } from './glass.js'

const REST = 0.8 // seconds without a hand on the viewer before 3-D is drawn again
const WORDS = {
  none: 'This browser has no WebGL2, so 3-D shows surfaces alone; the slices need none.',
  software: 'Surfaces: no graphics card was found.',
}

export class Surface {
  constructor(viewer) {
    this.viewer = viewer
    this.glass = new Glass(viewer)
    this.words = h('span', {})
    this.whole = button({ label: 'Whole volume', kind: 'small', run: () => this.choose() })
    this.offer = h('div', { class: 'offer' }, this.words, this.whole)
    this.element = h('div', { class: 'pane surface' }, this.glass.canvas, this.offer)
    this.nv = null
    this.shownChannel = null
    this.chosen = false // the volume was asked for, though it is slow here
  }

  get byNiivue() {
    return graphics() === 'hardware' || this.chosen
  }

  // Called when the pane appears, or the channel that it shows has come or changed.
  show() {
    const { viewer } = this
    if (!this.element.isConnected || !viewer.active?.voxels || !viewer.drawing) return
    this.offer.hidden = this.byNiivue
    this.words.textContent = WORDS[graphics()] ?? ''
    this.whole.hidden = graphics() === 'none'
    if (viewer.layout === '3d') this.due()
    else if (this.nv || viewer.channels.every(({ voxels }) => voxels)) this.later()
  }

  choose() {
    this.chosen = true
    this.show()
    this.draw()
  }

  // Draw (again) when the reader rests.
  later() {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.due(), 1000 * REST)
  }

  due() {
    const { viewer } = this
    if (!this.element.isConnected || !viewer.active?.voxels || !viewer.drawing) return
    const wait = viewer.layout === '3d' ? 0 : REST - viewer.clock.resting
    if (wait > 0) this.timer = setTimeout(() => this.due(), 1000 * wait)
    else this.draw()
  }

  draw() {
    if (this.byNiivue) return this.nv ? this.update() : this.begin()
    this.glass.update()
    this.element.dataset.state = 'shown'
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
    this.element.dataset.by = 'volume'
  }

  // Another case comes.
  forget() {
    clearTimeout(this.timer)
    this.shownChannel = null
    this.chosen = false
    this.glass.forget()
    delete this.element.dataset.state
    delete this.element.dataset.by
    if (!this.nv) return
    this.nv.cleanup()
    this.nv.gl.getExtension('WEBGL_lose_context')?.loseContext() // cleanup() alone frees no graphics memory
    this.nv = null
    this.element.querySelector('.gl')?.remove()
  }

  leave() {
    this.forget()
    this.glass.observer.disconnect()
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
