import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import ListingPicture from './ListingPicture.vue'

const octavia = { listing_id: 'o', make: 'Škoda', model: 'Octavia' }
const mountWith = (images: string[], isFirst = false) =>
  mount(ListingPicture, { props: { listing: { ...octavia, images }, isFirst } })

it('shows the first picture in a box of a fixed shape and says what it is of', () => {
  const picture = mountWith(['https://pictures.example/1.jpg', 'https://pictures.example/2.jpg'])
  expect(picture.findAll('img')).toHaveLength(1)
  expect(picture.get('img').attributes()).toMatchObject({
    src: 'https://pictures.example/1.jpg',
    alt: 'Škoda Octavia',
    loading: 'lazy',
    decoding: 'async',
    referrerpolicy: 'no-referrer',
  })
  expect(picture.classes()).toContain('aspect-video')
  expect(mountWith(['https://pictures.example/1.jpg'], true).get('img').attributes('loading')).toBe('eager')
})

it('is the drawing where there is no picture, in a box of the same shape', () => {
  const drawing = mountWith([])
  expect(drawing.find('img').exists()).toBe(false)
  expect(drawing.find('svg').exists()).toBe(true)
  expect(drawing.classes()).toContain('aspect-video')
})

it('is the drawing once the picture could not be loaded, until the listing has another', async () => {
  const picture = mountWith(['https://pictures.example/gone.jpg'])
  await picture.get('img').trigger('error')
  expect(picture.find('svg').exists()).toBe(true)
  await picture.setProps({ listing: { ...octavia, images: ['https://pictures.example/new.jpg'] } })
  expect(picture.get('img').attributes('src')).toBe('https://pictures.example/new.jpg')
})
