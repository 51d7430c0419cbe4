// The labels as solids inside a head of glass, drawn point by point on a plain canvas: no graphics card is needed. Pure
// functions; glass.js shows what they draw.

const GLASS = 110 // brightness of the head's rim, of 255
const BEHIND = -1e9

// The voxels at the surface of what `kindOf(index)` calls non-zero, `step` voxels apart: where they lie (mm from the
// grid's middle), the outward normal, their kind and their place in the grid.
export function surfacePoints(grid, kindOf, step = 1) {
  const [nx, ny, nz] = grid.shape
  const found = { position: [], normal: [], kind: [], index: [] }
  const shift = grid.strides.map((stride) => stride * step)
  for (let z = 0; z < nz; z += step) {
    for (let y = 0; y < ny; y += step) {
      let index = grid.index([0, y, z])
      for (let x = 0; x < nx; x += step, index += step) {
        const kind = kindOf(index)
        if (!kind) continue
        const place = [x, y, z]
        const normal = [0, 0, 0]
        let inside = 0
        for (let axis = 0; axis < 3; axis++) {
          for (const way of [-1, 1]) {
            const at = place[axis] + way * step
            if (at >= 0 && at < grid.shape[axis] && kindOf(index + way * shift[axis])) inside++
            else normal[axis] += way
          }
        }
        if (inside === 6) continue
        found.position.push(...place.map((v, axis) => (v - (grid.shape[axis] - 1) / 2) * grid.spacing[axis]))
        found.normal.push(...normal)
        found.kind.push(kind)
        found.index.push(index)
      }
    }
  }
  return { ...smoothed(grid, found, step), kind: Uint8Array.from(found.kind), index: Int32Array.from(found.index) }
}

// Normals averaged over the neighbouring points, of length one: single voxels know only six directions.
function smoothed(grid, { position, normal, index }, step) {
  const at = new Map(index.map((place, number) => [place, number]))
  const near = []
  for (const z of [-step, 0, step]) for (const y of [-step, 0, step]) for (const x of [-step, 0, step]) near.push(x + grid.strides[1] * y + grid.strides[2] * z)
  let known = Float32Array.from(normal)
  for (let pass = 0; pass < 2; pass++) {
    const next = new Float32Array(known.length)
    for (let point = 0; point < index.length; point++) {
      for (const offset of near) {
        const other = at.get(index[point] + offset)
        if (other === undefined) continue
        for (let axis = 0; axis < 3; axis++) next[3 * point + axis] += known[3 * other + axis]
      }
      const length = Math.hypot(next[3 * point], next[3 * point + 1], next[3 * point + 2]) || 1
      for (let axis = 0; axis < 3; axis++) next[3 * point + axis] /= length
    }
    known = next
  }
  return { position: Float32Array.from(position), normal: known }
}

// Screen axes of a view: right, up and towards the eye. Azimuth 0 looks from the front, 90 from the patient's right;
// the patient is never mirrored.
export function axesOf(azimuth, elevation) {
  const [a, e] = [(azimuth * Math.PI) / 180, (elevation * Math.PI) / 180]
  const eye = [Math.sin(a) * Math.cos(e), Math.cos(a) * Math.cos(e), Math.sin(e)]
  const right = [-Math.cos(a), Math.sin(a), 0]
  const up = [eye[1] * right[2] - eye[2] * right[1], eye[2] * right[0] - eye[0] * right[2], eye[0] * right[1] - eye[1] * right[0]]
  return { right, up, eye }
}

// Draws glass and solids into `pixels` (rgba words, width x height, `scale` pixels per mm) and returns the grid index
// that each pixel shows, -1 for none. `colours[kind]` is [red, green, blue].
export function render(pixels, [width, height], scale, axes, spacing, { glass, solids }, colours) {
  pixels.fill(0xff000000)
  const shown = new Int32Array(width * height).fill(-1)
  const depth = new Float32Array(width * height).fill(BEHIND)
  const dab = (points, step, paint) => {
    const reach = Math.max(2, Math.ceil(1.7 * scale * step * Math.max(...spacing)))
    const { position, normal } = points
    const disc = Array.from({ length: reach * reach }, (_, at) => Math.hypot((at % reach) - (reach - 1) / 2, Math.floor(at / reach) - (reach - 1) / 2) <= reach / 2)
    for (let point = 0; point < points.kind.length; point++) {
      const part = (axis, of) => axis[0] * of[3 * point] + axis[1] * of[3 * point + 1] + axis[2] * of[3 * point + 2]
      const left = Math.round(width / 2 + scale * part(axes.right, position) - reach / 2)
      const top = Math.round(height / 2 - scale * part(axes.up, position) - reach / 2)
      const facing = part(axes.eye, normal)
      const near = part(axes.eye, position)
      for (let y = Math.max(0, top); y < Math.min(height, top + reach); y++) {
        for (let x = Math.max(0, left); x < Math.min(width, left + reach); x++) {
          if (disc[(y - top) * reach + x - left]) paint(y * width + x, point, facing, near)
        }
      }
    }
  }
  dab(glass, glass.step, (at, _, facing) => {
    const level = GLASS * (1 - Math.abs(facing)) ** 2
    if (level > (pixels[at] & 0xff)) pixels[at] = (0xff000000 | (level << 16) | (level << 8) | level) >>> 0
  })
  dab(solids, 1, (at, point, facing, near) => {
    if (near <= depth[at]) return
    depth[at] = near
    shown[at] = solids.index[point]
    const light = 0.35 + 0.65 * Math.max(0, facing)
    const [red, green, blue] = colours[solids.kind[point]].map((part) => Math.round(part * light))
    pixels[at] = (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0
  })
  return shown
}
