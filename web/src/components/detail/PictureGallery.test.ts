import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import PictureGallery from './PictureGallery.vue'
import { i18n } from '@/testing/english'

const octavia = { listing_id: 'o', make: 'Škoda', model: 'Octavia' }
const mountWith = (images?: string[]) =>
  mount(PictureGallery, { props: { listing: { ...octavia, images } }, global: { plugins: [i18n] } })
const three = [1, 2, 3].map((n) => `https://pictures.example/${n}.jpg`)

it('has all pictures, and only the first is not waited with', () => {
  const pictures = mountWith(three).findAll('img')
  expect(pictures.map((picture) => picture.attributes('alt'))).toEqual([
    'Škoda Octavia, Picture 1 of 3',
    'Škoda Octavia, Picture 2 of 3',
    'Škoda Octavia, Picture 3 of 3',
  ])
  expect(pictures.map((picture) => picture.attributes('loading'))).toEqual(['eager', 'lazy', 'lazy'])
})

it('can be stepped through and says where one is', async () => {
  const gallery = mountWith(three)
  const line = gallery.get('ul')
  Object.defineProperty(line.element, 'clientWidth', { value: 600 })
  line.element.scrollBy = ((options: ScrollToOptions) => {
    line.element.scrollLeft += options.left ?? 0
  }) as typeof line.element.scrollBy
  expect(gallery.get('[role=status]').text()).toBe('Picture 1 of 3')
  expect(gallery.get('[aria-label="Previous picture"]').attributes('disabled')).toBeDefined()
  for (const place of ['Picture 2 of 3', 'Picture 3 of 3']) {
    await gallery.get('[aria-label="Next picture"]').trigger('click')
    await line.trigger('scroll')
    expect(gallery.get('[role=status]').text()).toBe(place)
  }
  expect(gallery.get('[aria-label="Next picture"]').attributes('disabled')).toBeDefined()
})

it('leaves out what does not load, and is the drawing when nothing is left', async () => {
  const gallery = mountWith(three.slice(0, 2))
  await gallery.get('img').trigger('error')
  expect(gallery.findAll('img').map((picture) => picture.attributes('src'))).toEqual([three[1]])
  expect(gallery.find('button').exists()).toBe(false)
  await gallery.get('img').trigger('error')
  expect(gallery.find('img').exists()).toBe(false)
  expect(gallery.find('svg').exists()).toBe(true)
})

it('is the drawing of a listing without pictures', () => {
  expect(mountWith().find('svg').exists()).toBe(true)
})
