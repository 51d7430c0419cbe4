// Reads the NIfTI files that Python prepared: gzipped, little-endian, three dimensions, uint8 or int16, RAS+.

export async function fetchVolume(url, shape) {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error((await answer.text()) || `The server answered ${answer.status}.`)
  const file = await gunzip(await answer.arrayBuffer())
  return { file, ...parse(file, shape) }
}

export async function gunzip(bytes, format = 'gzip') {
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format))).arrayBuffer()
}

export async function gzip(bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer())
}

// {voxels: Uint8Array | Int16Array, slope, intercept, automatic}: value = stored * slope + intercept; `automatic` is the
// window that the header brings, in stored values, or null.
export function parse(file, shape) {
  const header = new DataView(file)
  const dims = [0, 1, 2].map((axis) => header.getInt16(42 + 2 * axis, true))
  if (dims.some((n, axis) => n !== shape[axis])) {
    throw new Error(`This volume has ${dims.join(' x ')} voxels, but the case has ${shape.join(' x ')}; reload the page.`)
  }
  const Kind = { 2: Uint8Array, 4: Int16Array }[header.getInt16(70, true)]
  const offset = Math.round(header.getFloat32(108, true))
  const slope = header.getFloat32(112, true) || 1
  const intercept = header.getFloat32(116, true)
  const [high, low] = [124, 128].map((at) => (header.getFloat32(at, true) - intercept) / slope) // cal_max, cal_min
  const voxels = new Kind(file, offset, shape[0] * shape[1] * shape[2])
  return { voxels, slope, intercept, automatic: high > low ? { low, high } : null }
}
