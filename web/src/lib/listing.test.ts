import { expect, it } from 'vitest'
import { picturesOf } from './listing'

it('takes from a feed the pictures of the web, each once, and asks for all of them encrypted', () => {
  const images = [
    'https://pictures.example/1.jpg',
    'http://pictures.example/2.jpg',
    'http://pictures.example/1.jpg',
    'javascript:alert(1)',
    'data:image/svg+xml,<svg/>',
    '//pictures.example/3.jpg',
    '4.jpg',
  ]
  expect(picturesOf({ images })).toEqual(['https://pictures.example/1.jpg', 'https://pictures.example/2.jpg'])
  expect(picturesOf({ images: null })).toEqual([])
})
