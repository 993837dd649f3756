// Generated from openapi.json by `npm run generate`: do not edit.

import type { Client, ClientMeta, Options as Options2, RequestResult, ServerSentEventsResult, TDataShape } from './client';
import { client } from './client.gen';
import type { BatchListingsData, BatchListingsErrors, BatchListingsResponses, ChangeMyTasteData, ChangeMyTasteErrors, ChangeMyTasteResponses, DeleteListingData, DeleteListingErrors, DeleteListingResponses, EraseMeData, EraseMeErrors, EraseMeResponses, ExperimentsData, ExperimentsErrors, ExperimentsResponses, ExportMeData, ExportMeErrors, ExportMeResponses, GetImportData, GetImportErrors, GetImportResponses, GetListingData, GetListingErrors, GetListingResponses, ListImportRejectsData, ListImportRejectsErrors, ListImportRejectsResponses, ListImportsData, ListImportsErrors, ListImportsResponses, LiveData, LiveErrors, LiveResponse, LiveResponses, LivezData, LivezResponses, LoginData, LoginErrors, LoginResponses, MeData, MeErrors, MeResponses, MergeSessionData, MergeSessionErrors, MergeSessionResponses, MetricsData, MetricsResponses, MyTasteData, MyTasteErrors, MyTasteResponses, PatchListingData, PatchListingErrors, PatchListingResponses, PriceStandingData, PriceStandingErrors, PriceStandingResponses, PutListingData, PutListingErrors, PutListingResponses, ReadyzData, ReadyzErrors, ReadyzResponses, RecommendData, RecommendErrors, RecommendResponses, RecommendRowsData, RecommendRowsErrors, RecommendRowsResponses, ResetMyTasteData, ResetMyTasteErrors, ResetMyTasteResponses, SearchListingsData, SearchListingsErrors, SearchListingsResponses, SendEventsData, SendEventsErrors, SendEventsResponses, SimilarListingsData, SimilarListingsErrors, SimilarListingsResponses, StartImportData, StartImportErrors, StartImportResponses, StartSessionData, StartSessionErrors, StartSessionResponses, SuggestData, SuggestErrors, SuggestResponses, TraceSlateData, TraceSlateErrors, TraceSlateResponses } from './types.gen';

export type Options<TData extends TDataShape = TDataShape, ThrowOnError extends boolean = boolean, TResponse = unknown> = Options2<TData, ThrowOnError, TResponse> & {
    /**
     * You can provide a client instance returned by `createClient()` instead of
     * individual options. This might be also useful if you want to implement a
     * custom client.
     */
    client?: Client;
    /**
     * You can pass arbitrary values through the `meta` object. This can be
     * used to access values that aren't defined as part of the SDK function.
     */
    meta?: keyof ClientMeta extends never ? Record<string, unknown> : ClientMeta;
};

/**
 * Livez
 *
 * The process answers.
 */
export const livez = <ThrowOnError extends boolean = false>(options?: Options<LivezData, ThrowOnError>): RequestResult<LivezResponses, unknown, ThrowOnError> => (options?.client ?? client).get<LivezResponses, unknown, ThrowOnError>({ url: '/livez', ...options });

/**
 * Metrics
 *
 * Prometheus metrics of all API processes behind this port.
 */
export const metrics = <ThrowOnError extends boolean = false>(options?: Options<MetricsData, ThrowOnError>): RequestResult<MetricsResponses, unknown, ThrowOnError> => (options?.client ?? client).get<MetricsResponses, unknown, ThrowOnError>({ url: '/metrics', ...options });

/**
 * Readyz
 *
 * PostgreSQL and Valkey answer, and the catalogue is in memory.
 */
export const readyz = <ThrowOnError extends boolean = false>(options?: Options<ReadyzData, ThrowOnError>): RequestResult<ReadyzResponses, ReadyzErrors, ThrowOnError> => (options?.client ?? client).get<ReadyzResponses, ReadyzErrors, ThrowOnError>({ url: '/readyz', ...options });

/**
 * Send Events
 *
 * Accept 1 to 1,000 events. Each gets a status of its own: one bad event never spoils its batch, and an
 * `event_id` sent before is a duplicate, not an error. The shopper is the token's; the secret key may name one
 * per event and report `sold`.
 */
export const sendEvents = <ThrowOnError extends boolean = false>(options: Options<SendEventsData, ThrowOnError>): RequestResult<SendEventsResponses, SendEventsErrors, ThrowOnError> => (options.client ?? client).post<SendEventsResponses, SendEventsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/events',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Experiments
 *
 * Click and contact rates per placement and row with 95% intervals, and the variants of experiments compared.
 */
export const experiments = <ThrowOnError extends boolean = false>(options?: Options<ExperimentsData, ThrowOnError>): RequestResult<ExperimentsResponses, ExperimentsErrors, ThrowOnError> => (options?.client ?? client).get<ExperimentsResponses, ExperimentsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/experiments',
    ...options
});

/**
 * List Imports
 *
 * Imports of the last year, the newest first, whoever started them.
 */
export const listImports = <ThrowOnError extends boolean = false>(options?: Options<ListImportsData, ThrowOnError>): RequestResult<ListImportsResponses, ListImportsErrors, ThrowOnError> => (options?.client ?? client).get<ListImportsResponses, ListImportsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/imports',
    ...options
});

/**
 * Start Import
 *
 * Import the file that is the body: any form `carousel import` reads. The answer comes as soon as the file is
 * here; the import goes on by itself, and `Location` says where to look at it.
 */
export const startImport = <ThrowOnError extends boolean = false>(options: Options<StartImportData, ThrowOnError>): RequestResult<StartImportResponses, StartImportErrors, ThrowOnError> => (options.client ?? client).post<StartImportResponses, StartImportErrors, ThrowOnError>({
    bodySerializer: null,
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/imports',
    ...options,
    headers: {
        'Content-Type': 'application/octet-stream',
        ...options.headers
    }
});

/**
 * Get Import
 *
 * How far an import is, and what it did.
 */
export const getImport = <ThrowOnError extends boolean = false>(options: Options<GetImportData, ThrowOnError>): RequestResult<GetImportResponses, GetImportErrors, ThrowOnError> => (options.client ?? client).get<GetImportResponses, GetImportErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/imports/{import_id}',
    ...options
});

/**
 * List Rejects
 *
 * The rows an import rejected, with the reason, in their order. The first 10,000 of a run are kept, for the last
 * 20 runs of a source and at most 30 days. With `Accept: text/csv`: all of them as a file that can be mended and
 * imported again.
 */
export const listImportRejects = <ThrowOnError extends boolean = false>(options: Options<ListImportRejectsData, ThrowOnError>): RequestResult<ListImportRejectsResponses, ListImportRejectsErrors, ThrowOnError> => (options.client ?? client).get<ListImportRejectsResponses, ListImportRejectsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/imports/{import_id}/rejects',
    ...options
});

/**
 * Search Listings
 *
 * Search the catalogue. Filters may be repeated (`make=Skoda&make=Kia`); each facet and each range is counted under
 * all filters but its own. Follow `next_cursor` for the next page.
 */
export const searchListings = <ThrowOnError extends boolean = false>(options?: Options<SearchListingsData, ThrowOnError>): RequestResult<SearchListingsResponses, SearchListingsErrors, ThrowOnError> => (options?.client ?? client).get<SearchListingsResponses, SearchListingsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/listings',
    ...options
});

/**
 * Delete Listing
 *
 * Withdraw a listing. It is kept, as it still says what its viewers wanted, and never shown again.
 */
export const deleteListing = <ThrowOnError extends boolean = false>(options: Options<DeleteListingData, ThrowOnError>): RequestResult<DeleteListingResponses, DeleteListingErrors, ThrowOnError> => (options.client ?? client).delete<DeleteListingResponses, DeleteListingErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/listings/{listing_id}',
    ...options
});

/**
 * Get Listing
 *
 * One listing with every field, also when it is no longer for sale (see `status`).
 */
export const getListing = <ThrowOnError extends boolean = false>(options: Options<GetListingData, ThrowOnError>): RequestResult<GetListingResponses, GetListingErrors, ThrowOnError> => (options.client ?? client).get<GetListingResponses, GetListingErrors, ThrowOnError>({ url: '/v1/listings/{listing_id}', ...options });

/**
 * Patch Listing
 *
 * Change some fields of a listing; `null` empties one. `{"status": "sold"}` takes it off the market.
 */
export const patchListing = <ThrowOnError extends boolean = false>(options: Options<PatchListingData, ThrowOnError>): RequestResult<PatchListingResponses, PatchListingErrors, ThrowOnError> => (options.client ?? client).patch<PatchListingResponses, PatchListingErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/listings/{listing_id}',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Put Listing
 *
 * Store one listing: a new one, or one that replaces what is stored under this id. A field that is not given is
 * empty afterwards; only `source` stays, and a sold listing stays sold until a `status` is given. PATCH changes single
 * fields. It can be found and recommended by the next request.
 */
export const putListing = <ThrowOnError extends boolean = false>(options: Options<PutListingData, ThrowOnError>): RequestResult<PutListingResponses, PutListingErrors, ThrowOnError> => (options.client ?? client).put<PutListingResponses, PutListingErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/listings/{listing_id}',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Price Standing
 *
 * How the price stands among comparable cars on sale.
 */
export const priceStanding = <ThrowOnError extends boolean = false>(options: Options<PriceStandingData, ThrowOnError>): RequestResult<PriceStandingResponses, PriceStandingErrors, ThrowOnError> => (options.client ?? client).get<PriceStandingResponses, PriceStandingErrors, ThrowOnError>({ url: '/v1/listings/{listing_id}/price', ...options });

/**
 * Similar Listings
 *
 * The cars nearest to one, by make, model, body, fuel, price, age, mileage and power.
 */
export const similarListings = <ThrowOnError extends boolean = false>(options: Options<SimilarListingsData, ThrowOnError>): RequestResult<SimilarListingsResponses, SimilarListingsErrors, ThrowOnError> => (options.client ?? client).get<SimilarListingsResponses, SimilarListingsErrors, ThrowOnError>({ url: '/v1/listings/{listing_id}/similar', ...options });

/**
 * Batch Listings
 *
 * Store up to 10,000 listings: a JSON array, `{"listings": [...]}`, or one JSON object a line (NDJSON). Each
 * replaces the one with its id, as PUT does; with `patch=true` each changes only the fields it names, so
 * `{"listing_id": "stock-4711", "price_amount": 18990}` is a new price. Bad ones are reported with their line and do
 * not keep the others out.
 */
export const batchListings = <ThrowOnError extends boolean = false>(options: Options<BatchListingsData, ThrowOnError>): RequestResult<BatchListingsResponses, BatchListingsErrors, ThrowOnError> => (options.client ?? client).post<BatchListingsResponses, BatchListingsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/listings:batch',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Live
 *
 * Server-sent events: `taste` when my taste changed ({"taste_version"}; without a number after an interruption),
 * `listing` when one left the market ({"listing_id", "status"}).
 */
export const live = <ThrowOnError extends boolean = false>(options?: Options<LiveData, ThrowOnError, LiveResponse>): Promise<ServerSentEventsResult<LiveResponses>> => (options?.client ?? client).sse.get<LiveResponses, LiveErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/live',
    ...options
});

/**
 * Erase Me
 *
 * Erase me: what I did, what the site believes about me, and what is still on its way. This token ends with it.
 */
export const eraseMe = <ThrowOnError extends boolean = false>(options?: Options<EraseMeData, ThrowOnError>): RequestResult<EraseMeResponses, EraseMeErrors, ThrowOnError> => (options?.client ?? client).delete<EraseMeResponses, EraseMeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/me',
    ...options
});

/**
 * Me
 *
 * Who the token speaks for.
 */
export const me = <ThrowOnError extends boolean = false>(options?: Options<MeData, ThrowOnError>): RequestResult<MeResponses, MeErrors, ThrowOnError> => (options?.client ?? client).get<MeResponses, MeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/me',
    ...options
});

/**
 * Export Me
 *
 * Everything held about me, as one JSON document: who I am to the site, what it believes, all that I did.
 */
export const exportMe = <ThrowOnError extends boolean = false>(options?: Options<ExportMeData, ThrowOnError>): RequestResult<ExportMeResponses, ExportMeErrors, ThrowOnError> => (options?.client ?? client).get<ExportMeResponses, ExportMeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/me/export',
    ...options
});

/**
 * Merge Session
 *
 * Take over an anonymous shopper's activity after logging in with the OIDC provider: `token` is the anonymous
 * one.
 */
export const mergeSession = <ThrowOnError extends boolean = false>(options: Options<MergeSessionData, ThrowOnError>): RequestResult<MergeSessionResponses, MergeSessionErrors, ThrowOnError> => (options.client ?? client).post<MergeSessionResponses, MergeSessionErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/me/merge',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * My Taste
 *
 * What the site believes about me, strongest first; what I said; my interests; and what changed it last.
 */
export const myTaste = <ThrowOnError extends boolean = false>(options?: Options<MyTasteData, ThrowOnError>): RequestResult<MyTasteResponses, MyTasteErrors, ThrowOnError> => (options?.client ?? client).get<MyTasteResponses, MyTasteErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/me/taste',
    ...options
});

/**
 * Change My Taste
 *
 * Say what I want. A field that is given replaces what I said before, one that is absent stays; `forget` drops
 * what was learned of a value, once. The next slate follows.
 */
export const changeMyTaste = <ThrowOnError extends boolean = false>(options: Options<ChangeMyTasteData, ThrowOnError>): RequestResult<ChangeMyTasteResponses, ChangeMyTasteErrors, ThrowOnError> => (options.client ?? client).put<ChangeMyTasteResponses, ChangeMyTasteErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/me/taste',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Reset My Taste
 *
 * Forget all that was learned and said; hidden cars stay hidden.
 */
export const resetMyTaste = <ThrowOnError extends boolean = false>(options?: Options<ResetMyTasteData, ThrowOnError>): RequestResult<ResetMyTasteResponses, ResetMyTasteErrors, ThrowOnError> => (options?.client ?? client).post<ResetMyTasteResponses, ResetMyTasteErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/me/taste/reset',
    ...options
});

/**
 * Recommend
 *
 * What this shopper should see next, each listing with the reasons why. Takes the filters of search. A server asks
 * with the secret key and `shopper_id`.
 */
export const recommend = <ThrowOnError extends boolean = false>(options?: Options<RecommendData, ThrowOnError>): RequestResult<RecommendResponses, RecommendErrors, ThrowOnError> => (options?.client ?? client).get<RecommendResponses, RecommendErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/recommendations',
    ...options
});

/**
 * Recommend Rows
 *
 * The rows of a page: picked for this shopper, one per wish, and others to look around in. A server asks with the
 * secret key and `shopper_id`.
 */
export const recommendRows = <ThrowOnError extends boolean = false>(options?: Options<RecommendRowsData, ThrowOnError>): RequestResult<RecommendRowsResponses, RecommendRowsErrors, ThrowOnError> => (options?.client ?? client).get<RecommendRowsResponses, RecommendRowsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/recommendations/rows',
    ...options
});

/**
 * Trace Slate
 *
 * What was served, with source, score terms and chance of each listing. With `listing_id` also why that listing
 * is there or not: the slate is made again for the same shopper and the same filters, by what is known and on sale
 * now. Of the rows of a page only the first, `picked_for_you`, can be made again.
 */
export const traceSlate = <ThrowOnError extends boolean = false>(options: Options<TraceSlateData, ThrowOnError>): RequestResult<TraceSlateResponses, TraceSlateErrors, ThrowOnError> => (options.client ?? client).get<TraceSlateResponses, TraceSlateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/recommendations/{recommendation_id}/trace',
    ...options
});

/**
 * Start Session
 *
 * Give an anonymous shopper a token; what they do merges into their account when they log in.
 */
export const startSession = <ThrowOnError extends boolean = false>(options?: Options<StartSessionData, ThrowOnError>): RequestResult<StartSessionResponses, StartSessionErrors, ThrowOnError> => (options?.client ?? client).post<StartSessionResponses, StartSessionErrors, ThrowOnError>({ url: '/v1/session', ...options });

/**
 * Suggest
 *
 * Makes and models of the stock that match what was typed, those with most cars first.
 */
export const suggest = <ThrowOnError extends boolean = false>(options: Options<SuggestData, ThrowOnError>): RequestResult<SuggestResponses, SuggestErrors, ThrowOnError> => (options.client ?? client).get<SuggestResponses, SuggestErrors, ThrowOnError>({ url: '/v1/suggest', ...options });

/**
 * Login
 *
 * Log in by email alone (demo mode only). The anonymous activity of `anonymous_token`, or of the token this
 * request carries, becomes the account's.
 */
export const login = <ThrowOnError extends boolean = false>(options: Options<LoginData, ThrowOnError>): RequestResult<LoginResponses, LoginErrors, ThrowOnError> => (options.client ?? client).post<LoginResponses, LoginErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/token',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});
