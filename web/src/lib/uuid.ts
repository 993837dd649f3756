/** A UUID of version 7: its first 48 bits are the time, so that events sort by it; the rest is chance. */
export function uuid7(now = Date.now()): string {
  const chance = Array.from(crypto.getRandomValues(new Uint8Array(18)), (byte) => (byte % 16).toString(16))
  const hex = now.toString(16).padStart(12, '0') + chance.join('')
  return hex.replace(/(.{8})(.{4})(...)(...)(.{12})/, '$1-$2-7$3-8$4-$5')
}
