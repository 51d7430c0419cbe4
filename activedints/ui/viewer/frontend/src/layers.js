// One slice of a volume as pixels: rows from top to bottom, mirrored where the convention asks for it.

import { PLANES } from './grid.js'

const LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

export function rgba(red, green, blue, alpha = 255) {
  const bytes = LITTLE ? [red, green, blue, alpha] : [alpha, blue, green, red]
  return (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0
}

export function hexRgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
}

// Calls each(pixel, index) for every pixel of the slice. Pure: the renderer and its test share it.
export function eachPixel(grid, plane, slice, mirrored, each) {
  const { normal, across, up } = PLANES[plane]
  const [width, height] = [grid.shape[across], grid.shape[up]]
  const [along, above] = [grid.strides[across], grid.strides[up]]
  let pixel = 0
  for (let row = 0; row < height; row++) {
    let index = slice * grid.strides[normal] + (height - 1 - row) * above + (mirrored ? (width - 1) * along : 0)
    for (let column = 0; column < width; column++, pixel++) {
      each(pixel, index)
      index += mirrored ? -along : along
    }
  }
}

// A canvas that holds one slice, painted by colour(index) -> a pixel of rgba(), and painted again only when `key` says
// that something it shows has changed.
export class Layer {
  paint(grid, plane, slice, mirrored, key, colour) {
    const whole = JSON.stringify([plane, slice, mirrored, key])
    if (this.key === whole) return this.canvas
    this.key = whole
    const { across, up } = PLANES[plane]
    const [width, height] = [grid.shape[across], grid.shape[up]]
    if (this.canvas?.width !== width || this.canvas?.height !== height) {
      this.canvas = document.createElement('canvas')
      this.canvas.width = width
      this.canvas.height = height
      this.context = this.canvas.getContext('2d')
      this.image = this.context.createImageData(width, height)
      this.pixels = new Uint32Array(this.image.data.buffer)
    }
    const { pixels } = this
    const pick = colour()
    eachPixel(grid, plane, slice, mirrored, (pixel, index) => {
      pixels[pixel] = pick(index)
    })
    this.context.putImageData(this.image, 0, 0)
    return this.canvas
  }
}

const GREY = Uint32Array.from({ length: 256 }, (_, v) => rgba(v, v, v))

export function greys(voxels, { low, high }) {
  const factor = 256 / (high - low)
  return (index) => {
    const level = (voxels[index] - low) * factor
    return GREY[level < 0 ? 0 : level > 255 ? 255 : level | 0]
  }
}

// Uncertainty 0..255 through the colour stops, transparent below the threshold (0..1).
export function heats(voxels, stops, threshold) {
  const table = new Uint32Array(256)
  for (let v = 1; v < 256; v++) {
    if (v / 255 < threshold) continue
    const place = (v / 255) * (stops.length - 1)
    const [from, to] = [stops[Math.floor(place)], stops[Math.ceil(place)]]
    const rgb = from.map((c, i) => Math.round(c + (to[i] - c) * (place % 1)))
    table[v] = rgba(...rgb, Math.round(255 * Math.min(1, 0.25 + v / 190)))
  }
  return (index) => table[voxels[index]]
}

// The label map in the labels' own colours, hidden ones left out.
export function tints(voxels, labels) {
  const table = new Uint32Array(256)
  for (const label of labels) if (label.visible) table[label.value] = rgba(...label.rgb)
  return (index) => table[voxels[index]]
}

// Two channels against each other, each in its automatic window: mid grey where they agree, brighter where the first
// is brighter. Where both hold nothing, the ground stays black.
export function differences(first, second) {
  const scale = ({ automatic }) => 1 / (automatic.high - automatic.low)
  const [a, b] = [scale(first), scale(second)]
  return (index) => {
    if (first.voxels[index] === 0 && second.voxels[index] === 0) return GREY[0]
    const one = (first.voxels[index] - first.automatic.low) * a
    const two = (second.voxels[index] - second.automatic.low) * b
    const level = 128 + 192 * (one - two)
    return GREY[level < 0 ? 0 : level > 255 ? 255 : level | 0]
  }
}

// The borders between voxels of different value in a slice (0 has none): [u0, v0, u1, v1, ...] edges per value, in
// edge coordinates. `valueAt(index)` gives a voxel's value.
export function borders(grid, plane, slice, valueAt) {
  const { normal, across, up } = PLANES[plane]
  const [width, height] = [grid.shape[across], grid.shape[up]]
  const [along, above] = [grid.strides[across], grid.strides[up]]
  const edges = new Map()
  for (let v = 0; v < height; v++) {
    let index = slice * grid.strides[normal] + v * above
    for (let u = 0; u < width; u++, index += along) {
      const value = valueAt(index)
      if (!value) continue
      if (!edges.has(value)) edges.set(value, [])
      const list = edges.get(value)
      if (u === 0 || valueAt(index - along) !== value) list.push(u, v, u, v + 1)
      if (u === width - 1 || valueAt(index + along) !== value) list.push(u + 1, v, u + 1, v + 1)
      if (v === 0 || valueAt(index - above) !== value) list.push(u, v, u + 1, v)
      if (v === height - 1 || valueAt(index + above) !== value) list.push(u, v + 1, u + 1, v + 1)
    }
  }
  return edges
}
