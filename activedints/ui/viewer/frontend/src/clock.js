// Active seconds on a case: runs while the page is seen and the reader did something in the last minute.

export const IDLE_AFTER = 60

export class Clock {
  constructor(now = () => performance.now() / 1000) {
    this.now = now
    this.reset(0)
  }

  reset(seconds) {
    this.seconds = seconds
    this.lastTick = this.lastTouch = this.now()
  }

  // The reader did something.
  touch() {
    this.tick(true)
    this.lastTouch = this.now()
  }

  // Called about once a second, and before the time is read.
  tick(visible) {
    const now = this.now()
    const until = visible ? Math.min(now, this.lastTouch + IDLE_AFTER) : this.lastTick
    this.seconds += Math.max(0, until - this.lastTick)
    this.lastTick = now
    return this.seconds
  }

  // Seconds since the reader last did something.
  get resting() {
    return this.now() - this.lastTouch
  }

  get idle() {
    return this.now() - this.lastTouch >= IDLE_AFTER
  }
}

export function minutes(seconds) {
  const whole = Math.floor(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
