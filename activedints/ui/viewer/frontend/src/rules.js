// What a reader is asked about before a submission leaves: islands of a label that touch none of the labels in which,
// by the rules of the label set, they lie. Warnings only, each with the place to look at.

import { islands } from './shape.js'

// [{text, at}]: one per island of a rule's inner label without an outer one about it (26 neighbours), largest first.
export function check(grid, voxels, labels, rules) {
  const nameOf = new Map(labels.map(({ value, name }) => [value, name]))
  const found = []
  for (const { inner, outer } of rules) {
    const wanted = new Set(outer)
    for (const island of islands(grid, voxels, inner)) {
      if (touches(grid, voxels, island, wanted)) continue
      const millilitres = (island.length * grid.millilitres).toFixed(2)
      const others = outer.map((value) => nameOf.get(value)).join(' or ')
      found.push({ text: `${millilitres} mL of ${nameOf.get(inner)} touch no ${others}`, at: middle(grid, island) })
    }
  }
  return found
}

function touches(grid, voxels, island, wanted) {
  const [nx, ny, nz] = grid.shape
  for (const index of island) {
    const [x, y, z] = grid.voxel(index)
    for (let k = Math.max(0, z - 1); k <= Math.min(nz - 1, z + 1); k++) {
      for (let j = Math.max(0, y - 1); j <= Math.min(ny - 1, y + 1); j++) {
        for (let i = Math.max(0, x - 1); i <= Math.min(nx - 1, x + 1); i++) {
          if (wanted.has(voxels[i + nx * (j + ny * k)])) return true
        }
      }
    }
  }
  return false
}

// The island's own voxel that lies nearest to its centre of mass.
export function middle(grid, island) {
  const sum = [0, 0, 0]
  for (const index of island) grid.voxel(index).forEach((v, axis) => (sum[axis] += v))
  const centre = sum.map((v) => v / island.length)
  let [best, least] = [null, Infinity]
  for (const index of island) {
    const voxel = grid.voxel(index)
    const away = voxel.reduce((total, v, axis) => total + ((v - centre[axis]) * grid.spacing[axis]) ** 2, 0)
    if (away < least) [best, least] = [voxel, away]
  }
  return best
}
