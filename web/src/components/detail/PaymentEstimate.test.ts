import ui from '@nuxt/ui/vue-plugin'
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import PaymentEstimate from './PaymentEstimate.vue'
import { i18n } from '@/testing/english'

it.each([
  ['months', '48', '€199 a month'],
  ['months', '', '–'],
  ['months', '5', '–'],
  ['deposit', '10000', '€0 a month'],
  ['deposit', '10001', '–'],
  ['deposit', '-50000', '–'],
  ['rate', '-5', '–'],
  ['rate', '31', '–'],
])('estimates with %s of "%s": %s', async (name, value, told) => {
  const estimate = mount(PaymentEstimate, {
    props: { price: 10_000, currency: 'EUR' },
    global: { plugins: [ui, i18n] },
  })
  for (const [field, said] of Object.entries({ deposit: '1000', months: '48', rate: '3', [name]: value }))
    await estimate.get(`input[name=${field}]`).setValue(said)
  expect(estimate.get('[aria-live]').text()).toBe(told)
})
