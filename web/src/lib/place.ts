const EARTH_KM = 6371

export interface Place {
  lat: number
  lon: number
}

/** Two decimals are about a kilometre: near enough for distances, too coarse for a door. */
export const coarse = ({ lat, lon }: Place): Place => ({ lat: round(lat), lon: round(lon) })
const round = (degrees: number) => Math.round(degrees * 100) / 100

/** A place as a search has it in its address. */
export const writePlace = ({ lat, lon }: Place): string => `${lat},${lon}`

/** Read "LAT,LON"; undefined where that is no place on earth. */
export function readPlace(text: string): Place | undefined {
  const [, lat, lon] = /^(-?\d{1,2}(?:\.\d{1,6})?),(-?\d{1,3}(?:\.\d{1,6})?)$/.exec(text) ?? []
  const place = { lat: Number(lat), lon: Number(lon) }
  return Math.abs(place.lat) <= 90 && Math.abs(place.lon) <= 180 ? place : undefined
}

/** Kilometres as the crow flies (haversine), as the service counts them; undefined where one has no place. */
export function distanceKm(
  from: Place | undefined,
  to: { lat?: number | null; lon?: number | null },
): number | undefined {
  if (!from || to.lat == null || to.lon == null) return undefined
  const half = (degrees: number) => Math.sin((degrees * Math.PI) / 360) ** 2
  const cosine = (degrees: number) => Math.cos((degrees * Math.PI) / 180)
  const a = half(to.lat - from.lat) + cosine(from.lat) * cosine(to.lat) * half(to.lon - from.lon)
  return 2 * EARTH_KM * Math.asin(Math.sqrt(Math.min(a, 1)))
}

/** Where the browser says it is, coarsely; rejected where it may not or cannot tell. */
export function whereAmI(): Promise<Place> {
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve(coarse({ lat: coords.latitude, lon: coords.longitude })),
      reject,
      { maximumAge: 600_000, timeout: 15_000 },
    )
  })
}
