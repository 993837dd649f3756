import { expect, it } from 'vitest'
import type { RecommendedListing } from '../src/client'
import { makePicture } from './picture'

const octavia = { make: 'Škoda', model: 'Octavia', position: 1, color_exterior: 'blue' } as RecommendedListing
const withPictures = (images: string[], position = 1) => makePicture({ ...octavia, images, position })

it('shows the first picture and says what it is of', () => {
  const picture = withPictures(['https://pictures.example/1.jpg', 'https://pictures.example/2.jpg'])
  expect(picture.getAttribute('src')).toBe('https://pictures.example/1.jpg')
  expect(picture.getAttribute('alt')).toBe('Škoda Octavia')
  expect(picture.getAttribute('referrerpolicy')).toBe('no-referrer')
})

it('waits with the pictures of all cards but the first', () => {
  const pictures = [1, 2].map((position) => withPictures(['https://pictures.example/1.jpg'], position))
  expect(pictures.map((picture) => picture.getAttribute('loading'))).toEqual(['eager', 'lazy'])
})

it('draws a car where there is no picture, or no address of the web', () => {
  expect(makePicture(octavia).localName).toBe('svg')
  expect(
    withPictures(['javascript:alert(1)', 'data:image/png;base64,AA==', '//pictures.example/1.jpg']).localName,
  ).toBe('svg')
})

it('draws it in place of a picture that does not load', () => {
  const card = document.createElement('article')
  card.append(withPictures(['https://pictures.example/gone.jpg']))
  card.firstElementChild?.dispatchEvent(new Event('error'))
  expect(card.querySelector('img')).toBeNull()
  expect(card.querySelector('svg')?.getAttribute('part')).toBe('picture')
})
