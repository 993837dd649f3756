import type { Recommendations, RecommendedListing } from '../src/client'
import { makeCard, skeleton } from './card'
import { element } from './element'
import type { Noted } from './events'
import type { Impressions } from './impressions'
import { linkTo } from './listing'
import type { LiveHandlers } from './live'
import type { Service } from './service'
import style from './style.css?inline'
import { createSpeech, languageOf, type Speech } from './texts'

/** What every row of the page shares. */
export interface Site {
  service: Service
  impressions: Impressions
  note(event: Noted): void
  /** Remember which slate led to a listing, for the page that opens next. */
  remember(event: Noted): void
  /** Be told of changes, until the answer is called. */
  listen(handlers: LiveHandlers): () => void
}

const LOADED_FROM = ['placement', 'n', 'filters']
const SHOWN_BY = ['heading', 'link', 'lang']

/** Make `<carousel-row placement n filters heading link lang>` known; its rows load once `site` is there. */
export function defineRow(site: Promise<Site>): void {
  class CarouselRow extends HTMLElement {
    static observedAttributes = [...LOADED_FROM, ...SHOWN_BY]

    #root = this.attachShadow({ mode: 'open' })
    #slate: Recommendations | undefined
    #cards = new Map<string, HTMLElement>()
    #leave: (() => void) | undefined
    #asked = 0
    #isWaiting = false

    connectedCallback(): void {
      const sheet = new CSSStyleSheet() // a style element would need the page's policy to allow it
      sheet.replaceSync(style)
      this.#root.adoptedStyleSheets = [sheet]
      this.#render()
      for (const type of ['pointerleave', 'focusout']) this.addEventListener(type, this.#settle)
      const taste = () => void this.#load()
      const listing = (listingId: string) => this.#drop(listingId)
      void site.then(({ listen }) => {
        if (!this.isConnected || this.#leave) return
        this.#leave = listen({ taste, listing })
        void this.#load()
      })
    }

    disconnectedCallback(): void {
      this.#leave?.()
      this.#leave = undefined
      this.#forgetCards()
    }

    attributeChangedCallback(name: string): void {
      if (!this.#leave) return
      if (LOADED_FROM.includes(name)) {
        this.#slate = undefined // another row from here on: nothing of the old one is worth waiting for
        void this.#load()
      }
      this.#render()
    }

    /** Ask for the row anew. */
    async #load(): Promise<void> {
      const asked = ++this.#asked
      const query = new URLSearchParams(this.getAttribute('filters') ?? '')
      query.set('placement', this.getAttribute('placement') ?? 'home')
      query.set('n', this.getAttribute('n') ?? '12')
      const { service } = await site
      try {
        const response = await service.request(`/v1/recommendations?${query}`)
        const slate = (await response.json()) as Recommendations
        if (asked !== this.#asked) return // a newer answer is on its way
        this.#slate = slate
        this.#isWaiting = this.matches(':hover, :focus-within') && this.#cards.size > 0
        if (!this.#isWaiting) this.#render() // nothing moves under the shopper's hand
        this.#tell('load', slate)
      } catch (error) {
        if (asked === this.#asked && !this.#slate) this.#render(true)
        console.error(error)
      }
    }

    #settle = (): void => {
      // The focus may move to another card of this row.
      setTimeout(() => {
        if (!this.#isWaiting || this.matches(':hover, :focus-within')) return
        this.#isWaiting = false
        this.#render()
      })
    }

    #drop(listingId: string): void {
      if (!this.#slate?.listings.some((listing) => listing.listing_id === listingId)) return
      const listings = this.#slate.listings.filter((listing) => listing.listing_id !== listingId)
      this.#slate = { ...this.#slate, listings }
      // A car that is sold goes at once, and the others stay where the focus may be.
      if (listings.length > 0) this.#cards.get(listingId)?.remove()
      else this.#render()
    }

    #forgetCards(): Map<string, HTMLElement> {
      const cards = this.#cards
      this.#cards = new Map()
      void site.then(({ impressions }) => cards.forEach((card) => impressions.unwatch(card)))
      return cards
    }

    #render(hasFailed = false): void {
      const slate = this.#slate
      const language = languageOf(this)
      const before = this.#forgetCards()
      const speech = createSpeech(language)
      const title = this.getAttribute('heading') ?? speech.say('For you')
      const isLoading = !slate && !hasFailed
      let inside: HTMLElement
      if (isLoading) inside = skeleton()
      else if (slate && slate.listings.length > 0) {
        const items = slate.listings.map((listing) => this.#item(listing, slate, speech, before))
        inside = element('ul', { class: 'row', part: 'list', role: 'list' }, ...items)
      } else
        inside = element('slot', {}, element('p', { class: 'muted' }, speech.say('Nothing to show yet.')))
      const scrolled = this.#root.querySelector('ul')?.scrollLeft ?? 0
      this.#root.replaceChildren(
        element(
          'section',
          { 'aria-label': title, 'aria-busy': String(isLoading), part: 'row', lang: language },
          element('h2', { part: 'heading' }, title),
          inside,
        ),
      )
      inside.scrollLeft = scrolled
    }

    #item(
      listing: RecommendedListing,
      slate: Recommendations,
      speech: Speech,
      before: Map<string, HTMLElement>,
    ): HTMLElement {
      const { listing_id: listingId, position } = listing
      const shown = { recommendation_id: slate.recommendation_id, placement: slate.placement }
      const card = makeCard(listing, linkTo(listing, this.getAttribute('link')), speech)
      const item = element('li', { class: before.has(listingId) ? '' : 'fresh', part: 'item' }, card)
      this.#cards.set(listingId, item)
      card.querySelector('a')?.addEventListener('click', (event) => {
        const clicked = { ...shown, type: 'click', listing_id: listingId, position }
        void site.then(({ note, remember }) => {
          note(clicked)
          remember(clicked)
        })
        if (!this.#tell('click', listing)) event.preventDefault()
      })
      void site.then(({ impressions }) => impressions.watch(item, listingId, shown))
      return item
    }

    /** Tell the page; false when it wants to act itself. */
    #tell(what: string, detail: unknown): boolean {
      return this.dispatchEvent(
        new CustomEvent(`carousel-${what}`, { detail, bubbles: true, cancelable: true }),
      )
    }
  }

  if (!customElements.get('carousel-row')) customElements.define('carousel-row', CarouselRow)
}
