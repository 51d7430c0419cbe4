// Window and level of a channel, in stored integers.

// From the 1st to the 99.5th percentile of the voxels that are not zero (the brain, where the scan was stripped).
export function autoWindow(voxels, zero = 0) {
  const step = Math.max(1, Math.floor(voxels.length / 300000))
  const seen = []
  for (let i = 0; i < voxels.length; i += step) if (voxels[i] !== zero) seen.push(voxels[i])
  if (!seen.length) return { low: zero, high: zero + 1 }
  const sorted = Int32Array.from(seen).sort()
  const low = sorted[Math.floor(0.01 * (sorted.length - 1))]
  const high = sorted[Math.ceil(0.995 * (sorted.length - 1))]
  return { low, high: Math.max(high, low + 1) }
}

// A window kept as shares of the automatic one, so that it fits other scans too; the automatic one where none is kept.
export function fromShares({ low, high }, shares) {
  return shares ? { low: low + shares.low * (high - low), high: low + shares.high * (high - low) } : { low, high }
}

export function toShares({ low, high }, shown) {
  return { low: (shown.low - low) / (high - low), high: (shown.high - low) / (high - low) }
}

// A drag of the pointer: to the right widens the window, upwards darkens by raising its level.
export function dragWindow({ low, high }, right, upwards) {
  const width = Math.max(1, (high - low) * Math.exp(right / 200))
  const level = (low + high) / 2 + ((high - low) * upwards) / 300
  return { low: level - width / 2, high: level + width / 2 }
}
