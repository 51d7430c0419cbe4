// The strip at a pane's right edge: all slices of its plane, how unsure the model is in each, and which one is shown.
// A click or drag goes to a slice.

import { h } from './dom.js'
import { PLANES } from './grid.js'

const WIDTH = 14

export class Strip {
  constructor(pane) {
    this.pane = pane
    this.canvas = h('canvas', { class: 'strip', 'aria-hidden': 'true', title: 'Slices; the bars show where the model is unsure' })
    this.canvas.addEventListener('pointerdown', (event) => {
      this.canvas.setPointerCapture(event.pointerId)
      this.go(event)
    })
    this.canvas.addEventListener('pointermove', (event) => event.buttons && this.go(event))
  }

  get count() {
    return this.pane.viewer.grid.shape[PLANES[this.pane.plane].normal]
  }

  go(event) {
    const { viewer, plane } = this.pane
    if (!viewer.grid) return
    const share = 1 - event.offsetY / this.canvas.clientHeight
    const cross = [...viewer.cross]
    cross[PLANES[plane].normal] = Math.floor(share * this.count)
    viewer.plane = plane
    viewer.moveTo(cross)
  }

  draw(height) {
    const { canvas, pane } = this
    const ratio = window.devicePixelRatio || 1
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio)
    canvas.width = Math.round(WIDTH * ratio)
    const context = canvas.getContext('2d')
    context.scale(ratio, ratio)
    context.fillStyle = 'rgba(13, 17, 22, 0.75)'
    context.fillRect(0, 0, WIDTH, height)
    const step = height / this.count
    const bars = pane.viewer.heat?.profiles[pane.plane]
    if (bars) {
      const most = Math.max(...bars) || 1
      context.fillStyle = 'rgba(183, 55, 121, 0.8)'
      bars.forEach((mean, slice) => {
        const length = (WIDTH - 2) * (mean / most)
        context.fillRect(WIDTH - length, height - (slice + 1) * step, length, step + 0.5)
      })
    }
    context.fillStyle = '#ffffff'
    context.fillRect(0, height - (pane.slice + 0.5) * step - 1, WIDTH, 2)
  }
}
