// Generated from openapi.json by `npm run generate`: do not edit.

import { type DefaultError, type InfiniteData, infiniteQueryOptions, queryOptions, type UseMutationOptions } from '@tanstack/vue-query';

import { client } from '../client.gen';
import { batchListings, changeMyTaste, deleteListing, eraseMe, experiments, exportMe, getImport, getListing, listImportRejects, listImports, livez, login, me, mergeSession, metrics, myTaste, type Options, patchListing, priceStanding, putListing, readyz, recommend, recommendRows, resetMyTaste, searchListings, sendEvents, similarListings, startImport, startSession, suggest, traceSlate } from '../sdk.gen';
import type { BatchListingsData, BatchListingsError, BatchListingsResponse, ChangeMyTasteData, ChangeMyTasteError, ChangeMyTasteResponse, DeleteListingData, DeleteListingError, DeleteListingResponse, EraseMeData, EraseMeError, EraseMeResponse, ExperimentsData, ExperimentsError, ExperimentsResponse, ExportMeData, ExportMeError, ExportMeResponse, GetImportData, GetImportError, GetImportResponse, GetListingData, GetListingError, GetListingResponse, ListImportRejectsData, ListImportRejectsError, ListImportRejectsResponse, ListImportsData, ListImportsError, ListImportsResponse, LivezData, LivezResponse, LoginData, LoginError, LoginResponse, MeData, MeError, MeResponse, MergeSessionData, MergeSessionError, MergeSessionResponse, MetricsData, MyTasteData, MyTasteError, MyTasteResponse, PatchListingData, PatchListingError, PatchListingResponse, PriceStandingData, PriceStandingError, PriceStandingResponse, PutListingData, PutListingError, PutListingResponse, ReadyzData, ReadyzError, ReadyzResponse, RecommendData, RecommendError, RecommendResponse, RecommendRowsData, RecommendRowsError, RecommendRowsResponse, ResetMyTasteData, ResetMyTasteError, ResetMyTasteResponse, SearchListingsData, SearchListingsError, SearchListingsResponse, SendEventsData, SendEventsError, SendEventsResponse, SimilarListingsData, SimilarListingsError, SimilarListingsResponse, StartImportData, StartImportError, StartImportResponse, StartSessionData, StartSessionError, StartSessionResponse, SuggestData, SuggestError, SuggestResponse, TraceSlateData, TraceSlateError, TraceSlateResponse } from '../types.gen';

export type QueryKey<TOptions extends Options> = [
    Pick<TOptions, 'baseUrl' | 'body' | 'headers' | 'path' | 'query'> & {
        _id: string;
        _infinite?: boolean;
        tags?: ReadonlyArray<string>;
    }
];

const createQueryKey = <TOptions extends Options>(id: string, options?: TOptions, infinite?: boolean, tags?: ReadonlyArray<string>): [
    QueryKey<TOptions>[0]
] => {
    const params: QueryKey<TOptions>[0] = { _id: id, baseUrl: options?.baseUrl || (options?.client ?? client).getConfig().baseUrl } as QueryKey<TOptions>[0];
    if (infinite) {
        params._infinite = infinite;
    }
    if (tags) {
        params.tags = tags;
    }
    if (options?.body) {
        params.body = options.body;
    }
    if (options?.headers) {
        params.headers = options.headers;
    }
    if (options?.path) {
        params.path = options.path;
    }
    if (options?.query) {
        params.query = options.query;
    }
    return [params];
};

export const livezQueryKey = (options?: Options<LivezData>) => createQueryKey('livez', options);

/**
 * Livez
 *
 * The process answers.
 */
export const livezOptions = (options?: Options<LivezData>) => queryOptions<LivezResponse, DefaultError, LivezResponse, ReturnType<typeof livezQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await livez({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: livezQueryKey(options)
});

export const metricsQueryKey = (options?: Options<MetricsData>) => createQueryKey('metrics', options);

/**
 * Metrics
 *
 * Prometheus metrics of all API processes behind this port.
 */
export const metricsOptions = (options?: Options<MetricsData>) => queryOptions<unknown, DefaultError, unknown, ReturnType<typeof metricsQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await metrics({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: metricsQueryKey(options)
});

export const readyzQueryKey = (options?: Options<ReadyzData>) => createQueryKey('readyz', options);

/**
 * Readyz
 *
 * PostgreSQL and Valkey answer, and the catalogue is in memory.
 */
export const readyzOptions = (options?: Options<ReadyzData>) => queryOptions<ReadyzResponse, ReadyzError, ReadyzResponse, ReturnType<typeof readyzQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await readyz({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: readyzQueryKey(options)
});

/**
 * Send Events
 *
 * Accept 1 to 1,000 events. Each gets a status of its own: one bad event never spoils its batch, and an
 * `event_id` sent before is a duplicate, not an error. The shopper is the token's; the secret key may name one
 * per event and report `sold`.
 */
export const sendEventsMutation = (options?: Partial<Options<SendEventsData>>): UseMutationOptions<SendEventsResponse, SendEventsError, Options<SendEventsData>> => {
    const mutationOptions: UseMutationOptions<SendEventsResponse, SendEventsError, Options<SendEventsData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await sendEvents({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

export const experimentsQueryKey = (options?: Options<ExperimentsData>) => createQueryKey('experiments', options);

/**
 * Experiments
 *
 * Click and contact rates per placement and row with 95% intervals, and the variants of experiments compared.
 */
export const experimentsOptions = (options?: Options<ExperimentsData>) => queryOptions<ExperimentsResponse, ExperimentsError, ExperimentsResponse, ReturnType<typeof experimentsQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await experiments({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: experimentsQueryKey(options)
});

export const listImportsQueryKey = (options?: Options<ListImportsData>) => createQueryKey('listImports', options);

/**
 * List Imports
 *
 * Imports of the last year, the newest first, whoever started them.
 */
export const listImportsOptions = (options?: Options<ListImportsData>) => queryOptions<ListImportsResponse, ListImportsError, ListImportsResponse, ReturnType<typeof listImportsQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await listImports({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: listImportsQueryKey(options)
});

const createInfiniteParams = <K extends Pick<QueryKey<Options>[0], 'body' | 'headers' | 'path' | 'query'>>(queryKey: QueryKey<Options>, page: K) => {
    const params = { ...queryKey[0] };
    if (page.body) {
        params.body = {
            ...queryKey[0].body as any,
            ...page.body as any
        };
    }
    if (page.headers) {
        params.headers = {
            ...queryKey[0].headers,
            ...page.headers
        };
    }
    if (page.path) {
        params.path = {
            ...queryKey[0].path as any,
            ...page.path as any
        };
    }
    if (page.query) {
        params.query = {
            ...queryKey[0].query as any,
            ...page.query as any
        };
    }
    return params as unknown as typeof page;
};

export const listImportsInfiniteQueryKey = (options?: Options<ListImportsData>): QueryKey<Options<ListImportsData>> => createQueryKey('listImports', options, true);

/**
 * List Imports
 *
 * Imports of the last year, the newest first, whoever started them.
 */
export const listImportsInfiniteOptions = (options?: Options<ListImportsData>) => {
    const opts = infiniteQueryOptions<ListImportsResponse, ListImportsError, InfiniteData<ListImportsResponse>, QueryKey<Options<ListImportsData>>, string | null | Pick<QueryKey<Options<ListImportsData>>[0], 'body' | 'headers' | 'path' | 'query'>>(
    // @ts-ignore
    {
        queryFn: async ({ pageParam, queryKey, signal }) => {
            // @ts-ignore
            const page: Pick<QueryKey<Options<ListImportsData>>[0], 'body' | 'headers' | 'path' | 'query'> = typeof pageParam === 'object' ? pageParam : {
                query: {
                    cursor: pageParam
                }
            };
            const params = createInfiniteParams(queryKey, page);
            const { data } = await listImports({
                ...options,
                ...params,
                signal,
                throwOnError: true
            });
            return data;
        },
        queryKey: listImportsInfiniteQueryKey(options)
    });
    return opts as Omit<typeof opts, 'initialData'>;
};

/**
 * Start Import
 *
 * Import the file that is the body: any form `carousel import` reads. The answer comes as soon as the file is
 * here; the import goes on by itself, and `Location` says where to look at it.
 */
export const startImportMutation = (options?: Partial<Options<StartImportData>>): UseMutationOptions<StartImportResponse, StartImportError, Options<StartImportData>> => {
    const mutationOptions: UseMutationOptions<StartImportResponse, StartImportError, Options<StartImportData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await startImport({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

export const getImportQueryKey = (options: Options<GetImportData>) => createQueryKey('getImport', options);

/**
 * Get Import
 *
 * How far an import is, and what it did.
 */
export const getImportOptions = (options: Options<GetImportData>) => queryOptions<GetImportResponse, GetImportError, GetImportResponse, ReturnType<typeof getImportQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await getImport({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: getImportQueryKey(options)
});

export const listImportRejectsQueryKey = (options: Options<ListImportRejectsData>) => createQueryKey('listImportRejects', options);

/**
 * List Rejects
 *
 * The rows an import rejected, with the reason, in their order. The first 10,000 of a run are kept, for the last
 * 20 runs of a source and at most 30 days. With `Accept: text/csv`: all of them as a file that can be mended and
 * imported again.
 */
export const listImportRejectsOptions = (options: Options<ListImportRejectsData>) => queryOptions<ListImportRejectsResponse, ListImportRejectsError, ListImportRejectsResponse, ReturnType<typeof listImportRejectsQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await listImportRejects({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: listImportRejectsQueryKey(options)
});

export const listImportRejectsInfiniteQueryKey = (options: Options<ListImportRejectsData>): QueryKey<Options<ListImportRejectsData>> => createQueryKey('listImportRejects', options, true);

/**
 * List Rejects
 *
 * The rows an import rejected, with the reason, in their order. The first 10,000 of a run are kept, for the last
 * 20 runs of a source and at most 30 days. With `Accept: text/csv`: all of them as a file that can be mended and
 * imported again.
 */
export const listImportRejectsInfiniteOptions = (options: Options<ListImportRejectsData>) => {
    const opts = infiniteQueryOptions<ListImportRejectsResponse, ListImportRejectsError, InfiniteData<ListImportRejectsResponse>, QueryKey<Options<ListImportRejectsData>>, number | Pick<QueryKey<Options<ListImportRejectsData>>[0], 'body' | 'headers' | 'path' | 'query'>>(
    // @ts-ignore
    {
        queryFn: async ({ pageParam, queryKey, signal }) => {
            // @ts-ignore
            const page: Pick<QueryKey<Options<ListImportRejectsData>>[0], 'body' | 'headers' | 'path' | 'query'> = typeof pageParam === 'object' ? pageParam : {
                query: {
                    cursor: pageParam
                }
            };
            const params = createInfiniteParams(queryKey, page);
            const { data } = await listImportRejects({
                ...options,
                ...params,
                signal,
                throwOnError: true
            });
            return data;
        },
        queryKey: listImportRejectsInfiniteQueryKey(options)
    });
    return opts as Omit<typeof opts, 'initialData'>;
};

export const searchListingsQueryKey = (options?: Options<SearchListingsData>) => createQueryKey('searchListings', options);

/**
 * Search Listings
 *
 * Search the catalogue. Filters may be repeated (`make=Skoda&make=Kia`); each facet and each range is counted under
 * all filters but its own. Follow `next_cursor` for the next page.
 */
export const searchListingsOptions = (options?: Options<SearchListingsData>) => queryOptions<SearchListingsResponse, SearchListingsError, SearchListingsResponse, ReturnType<typeof searchListingsQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await searchListings({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: searchListingsQueryKey(options)
});

export const searchListingsInfiniteQueryKey = (options?: Options<SearchListingsData>): QueryKey<Options<SearchListingsData>> => createQueryKey('searchListings', options, true);

/**
 * Search Listings
 *
 * Search the catalogue. Filters may be repeated (`make=Skoda&make=Kia`); each facet and each range is counted under
 * all filters but its own. Follow `next_cursor` for the next page.
 */
export const searchListingsInfiniteOptions = (options?: Options<SearchListingsData>) => {
    const opts = infiniteQueryOptions<SearchListingsResponse, SearchListingsError, InfiniteData<SearchListingsResponse>, QueryKey<Options<SearchListingsData>>, string | null | Pick<QueryKey<Options<SearchListingsData>>[0], 'body' | 'headers' | 'path' | 'query'>>(
    // @ts-ignore
    {
        queryFn: async ({ pageParam, queryKey, signal }) => {
            // @ts-ignore
            const page: Pick<QueryKey<Options<SearchListingsData>>[0], 'body' | 'headers' | 'path' | 'query'> = typeof pageParam === 'object' ? pageParam : {
                query: {
                    cursor: pageParam
                }
            };
            const params = createInfiniteParams(queryKey, page);
            const { data } = await searchListings({
                ...options,
                ...params,
                signal,
                throwOnError: true
            });
            return data;
        },
        queryKey: searchListingsInfiniteQueryKey(options)
    });
    return opts as Omit<typeof opts, 'initialData'>;
};

/**
 * Delete Listing
 *
 * Withdraw a listing. It is kept, as it still says what its viewers wanted, and never shown again.
 */
export const deleteListingMutation = (options?: Partial<Options<DeleteListingData>>): UseMutationOptions<DeleteListingResponse, DeleteListingError, Options<DeleteListingData>> => {
    const mutationOptions: UseMutationOptions<DeleteListingResponse, DeleteListingError, Options<DeleteListingData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await deleteListing({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

export const getListingQueryKey = (options: Options<GetListingData>) => createQueryKey('getListing', options);

/**
 * Get Listing
 *
 * One listing with every field, also when it is no longer for sale (see `status`).
 */
export const getListingOptions = (options: Options<GetListingData>) => queryOptions<GetListingResponse, GetListingError, GetListingResponse, ReturnType<typeof getListingQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await getListing({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: getListingQueryKey(options)
});

/**
 * Patch Listing
 *
 * Change some fields of a listing; `null` empties one. `{"status": "sold"}` takes it off the market.
 */
export const patchListingMutation = (options?: Partial<Options<PatchListingData>>): UseMutationOptions<PatchListingResponse, PatchListingError, Options<PatchListingData>> => {
    const mutationOptions: UseMutationOptions<PatchListingResponse, PatchListingError, Options<PatchListingData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await patchListing({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

/**
 * Put Listing
 *
 * Store one listing: a new one, or one that replaces what is stored under this id. A field that is not given is
 * empty afterwards; only `source` stays, and a sold listing stays sold until a `status` is given. PATCH changes single
 * fields. It can be found and recommended by the next request.
 */
export const putListingMutation = (options?: Partial<Options<PutListingData>>): UseMutationOptions<PutListingResponse, PutListingError, Options<PutListingData>> => {
    const mutationOptions: UseMutationOptions<PutListingResponse, PutListingError, Options<PutListingData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await putListing({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

export const priceStandingQueryKey = (options: Options<PriceStandingData>) => createQueryKey('priceStanding', options);

/**
 * Price Standing
 *
 * How the price stands among comparable cars on sale.
 */
export const priceStandingOptions = (options: Options<PriceStandingData>) => queryOptions<PriceStandingResponse, PriceStandingError, PriceStandingResponse, ReturnType<typeof priceStandingQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await priceStanding({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: priceStandingQueryKey(options)
});

export const similarListingsQueryKey = (options: Options<SimilarListingsData>) => createQueryKey('similarListings', options);

/**
 * Similar Listings
 *
 * The cars nearest to one, by make, model, body, fuel, price, age, mileage and power.
 */
export const similarListingsOptions = (options: Options<SimilarListingsData>) => queryOptions<SimilarListingsResponse, SimilarListingsError, SimilarListingsResponse, ReturnType<typeof similarListingsQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await similarListings({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: similarListingsQueryKey(options)
});

/**
 * Batch Listings
 *
 * Store up to 10,000 listings: a JSON array, `{"listings": [...]}`, or one JSON object a line (NDJSON). Each
 * replaces the one with its id, as PUT does; with `patch=true` each changes only the fields it names, so
 * `{"listing_id": "stock-4711", "price_amount": 18990}` is a new price. Bad ones are reported with their line and do
 * not keep the others out.
 */
export const batchListingsMutation = (options?: Partial<Options<BatchListingsData>>): UseMutationOptions<BatchListingsResponse, BatchListingsError, Options<BatchListingsData>> => {
    const mutationOptions: UseMutationOptions<BatchListingsResponse, BatchListingsError, Options<BatchListingsData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await batchListings({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

/**
 * Erase Me
 *
 * Erase me: what I did, what the site believes about me, and what is still on its way. This token ends with it.
 */
export const eraseMeMutation = (options?: Partial<Options<EraseMeData>>): UseMutationOptions<EraseMeResponse, EraseMeError, Options<EraseMeData>> => {
    const mutationOptions: UseMutationOptions<EraseMeResponse, EraseMeError, Options<EraseMeData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await eraseMe({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

export const meQueryKey = (options?: Options<MeData>) => createQueryKey('me', options);

/**
 * Me
 *
 * Who the token speaks for.
 */
export const meOptions = (options?: Options<MeData>) => queryOptions<MeResponse, MeError, MeResponse, ReturnType<typeof meQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await me({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: meQueryKey(options)
});

export const exportMeQueryKey = (options?: Options<ExportMeData>) => createQueryKey('exportMe', options);

/**
 * Export Me
 *
 * Everything held about me, as one JSON document: who I am to the site, what it believes, all that I did.
 */
export const exportMeOptions = (options?: Options<ExportMeData>) => queryOptions<ExportMeResponse, ExportMeError, ExportMeResponse, ReturnType<typeof exportMeQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await exportMe({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: exportMeQueryKey(options)
});

/**
 * Merge Session
 *
 * Take over an anonymous shopper's activity after logging in with the OIDC provider: `token` is the anonymous
 * one.
 */
export const mergeSessionMutation = (options?: Partial<Options<MergeSessionData>>): UseMutationOptions<MergeSessionResponse, MergeSessionError, Options<MergeSessionData>> => {
    const mutationOptions: UseMutationOptions<MergeSessionResponse, MergeSessionError, Options<MergeSessionData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await mergeSession({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

export const myTasteQueryKey = (options?: Options<MyTasteData>) => createQueryKey('myTaste', options);

/**
 * My Taste
 *
 * What the site believes about me, strongest first; what I said; my interests; and what changed it last.
 */
export const myTasteOptions = (options?: Options<MyTasteData>) => queryOptions<MyTasteResponse, MyTasteError, MyTasteResponse, ReturnType<typeof myTasteQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await myTaste({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: myTasteQueryKey(options)
});

/**
 * Change My Taste
 *
 * Say what I want. A field that is given replaces what I said before, one that is absent stays; `forget` drops
 * what was learned of a value, once. The next slate follows.
 */
export const changeMyTasteMutation = (options?: Partial<Options<ChangeMyTasteData>>): UseMutationOptions<ChangeMyTasteResponse, ChangeMyTasteError, Options<ChangeMyTasteData>> => {
    const mutationOptions: UseMutationOptions<ChangeMyTasteResponse, ChangeMyTasteError, Options<ChangeMyTasteData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await changeMyTaste({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

/**
 * Reset My Taste
 *
 * Forget all that was learned and said; hidden cars stay hidden.
 */
export const resetMyTasteMutation = (options?: Partial<Options<ResetMyTasteData>>): UseMutationOptions<ResetMyTasteResponse, ResetMyTasteError, Options<ResetMyTasteData>> => {
    const mutationOptions: UseMutationOptions<ResetMyTasteResponse, ResetMyTasteError, Options<ResetMyTasteData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await resetMyTaste({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

export const recommendQueryKey = (options?: Options<RecommendData>) => createQueryKey('recommend', options);

/**
 * Recommend
 *
 * What this shopper should see next, each listing with the reasons why. Takes the filters of search. A server asks
 * with the secret key and `shopper_id`.
 */
export const recommendOptions = (options?: Options<RecommendData>) => queryOptions<RecommendResponse, RecommendError, RecommendResponse, ReturnType<typeof recommendQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await recommend({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: recommendQueryKey(options)
});

export const recommendRowsQueryKey = (options?: Options<RecommendRowsData>) => createQueryKey('recommendRows', options);

/**
 * Recommend Rows
 *
 * The rows of a page: picked for this shopper, one per wish, and others to look around in. A server asks with the
 * secret key and `shopper_id`.
 */
export const recommendRowsOptions = (options?: Options<RecommendRowsData>) => queryOptions<RecommendRowsResponse, RecommendRowsError, RecommendRowsResponse, ReturnType<typeof recommendRowsQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await recommendRows({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: recommendRowsQueryKey(options)
});

export const traceSlateQueryKey = (options: Options<TraceSlateData>) => createQueryKey('traceSlate', options);

/**
 * Trace Slate
 *
 * What was served, with source, score terms and chance of each listing. With `listing_id` also why that listing
 * is there or not: the slate is made again for the same shopper and the same filters, by what is known and on sale
 * now. Of the rows of a page only the first, `picked_for_you`, can be made again.
 */
export const traceSlateOptions = (options: Options<TraceSlateData>) => queryOptions<TraceSlateResponse, TraceSlateError, TraceSlateResponse, ReturnType<typeof traceSlateQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await traceSlate({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: traceSlateQueryKey(options)
});

/**
 * Start Session
 *
 * Give an anonymous shopper a token; what they do merges into their account when they log in.
 */
export const startSessionMutation = (options?: Partial<Options<StartSessionData>>): UseMutationOptions<StartSessionResponse, StartSessionError, Options<StartSessionData>> => {
    const mutationOptions: UseMutationOptions<StartSessionResponse, StartSessionError, Options<StartSessionData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await startSession({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};

export const suggestQueryKey = (options: Options<SuggestData>) => createQueryKey('suggest', options);

/**
 * Suggest
 *
 * Makes and models of the stock that match what was typed, those with most cars first.
 */
export const suggestOptions = (options: Options<SuggestData>) => queryOptions<SuggestResponse, SuggestError, SuggestResponse, ReturnType<typeof suggestQueryKey>>({
    queryFn: async ({ queryKey, signal }) => {
        const { data } = await suggest({
            ...options,
            ...queryKey[0],
            signal,
            throwOnError: true
        });
        return data;
    },
    queryKey: suggestQueryKey(options)
});

/**
 * Login
 *
 * Log in by email alone (demo mode only). The anonymous activity of `anonymous_token`, or of the token this
 * request carries, becomes the account's.
 */
export const loginMutation = (options?: Partial<Options<LoginData>>): UseMutationOptions<LoginResponse, LoginError, Options<LoginData>> => {
    const mutationOptions: UseMutationOptions<LoginResponse, LoginError, Options<LoginData>> = {
        mutationFn: async (fnOptions) => {
            const { data } = await login({
                ...options,
                ...fnOptions,
                throwOnError: true
            });
            return data;
        }
    };
    return mutationOptions;
};
