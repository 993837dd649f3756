// Generated from openapi.json by `npm run generate`: do not edit.

export type ClientOptions = {
    baseUrl: `${string}://${string}` | (string & {});
};

/**
 * BudgetBody
 */
export type BudgetBody = {
    /**
     * Min
     */
    min?: number | null;
    /**
     * Max
     */
    max?: number | null;
    /**
     * Currency
     *
     * The one most of the catalogue is priced in by default.
     */
    currency?: string | null;
};

/**
 * Comparison
 *
 * How much one variant's click rate is above another's.
 */
export type Comparison = {
    /**
     * One
     */
    one: string;
    /**
     * Other
     */
    other: string;
    difference: Rate;
};

/**
 * EventResult
 */
export type EventResult = {
    /**
     * Event Id
     */
    event_id: string | null;
    /**
     * Status
     */
    status: 'accepted' | 'duplicate' | 'rejected';
    /**
     * Reason
     */
    reason?: string | null;
};

/**
 * EventResults
 */
export type EventResults = {
    /**
     * Results
     */
    results: Array<EventResult>;
};

/**
 * ExperimentFigures
 *
 * One experiment: its variants, whether their sizes are as planned, and their differences.
 */
export type ExperimentFigures = {
    /**
     * Name
     */
    name: string;
    /**
     * Shares
     */
    shares: {
        [key: string]: number;
    };
    /**
     * Variants
     */
    variants: {
        [key: string]: Performance;
    };
    /**
     * Mismatch
     */
    mismatch: number | null;
    /**
     * Moved
     */
    moved: number;
    /**
     * Comparisons
     */
    comparisons: Array<Comparison>;
    /**
     * Trustworthy
     *
     * False: the sizes of the variants are no chance.
     */
    trustworthy: boolean;
};

/**
 * FacetValue
 */
export type FacetValue = {
    /**
     * Value
     */
    value: string;
    /**
     * Label
     */
    label: string;
    /**
     * Count
     */
    count: number;
};

/**
 * Histogram
 *
 * How many listings lie where: `counts[i]` from `edges[i]` up to, not including, `edges[i + 1]`; the last without
 * an upper end. The edges are round and always the same for a currency.
 */
export type Histogram = {
    /**
     * Edges
     */
    edges: Array<number>;
    /**
     * Counts
     */
    counts: Array<number>;
};

/**
 * HomeBody
 *
 * Where I would collect a car from; kept to about a kilometre.
 */
export type HomeBody = {
    /**
     * Lat
     */
    lat: number;
    /**
     * Lon
     */
    lon: number;
};

/**
 * ImportOut
 *
 * One import: how far it is, and what it did.
 */
export type ImportOut = {
    /**
     * Import Id
     */
    import_id: string;
    /**
     * State
     */
    state: 'running' | 'done' | 'failed' | 'interrupted';
    /**
     * Sources
     *
     * Names of the feed; none while nobody knows.
     */
    sources: Array<string>;
    /**
     * Files
     *
     * As given, addresses without their secrets.
     */
    files: Array<string>;
    /**
     * Requested By
     */
    requested_by: 'cli' | 'api' | 'sync';
    /**
     * Dry Run
     */
    dry_run: boolean;
    /**
     * Started At
     */
    started_at: string;
    /**
     * Finished At
     */
    finished_at: string | null;
    /**
     * Seconds
     *
     * How long it took, or takes so far.
     */
    seconds: number;
    /**
     * Share
     *
     * How much of the files is read.
     */
    share: number;
    /**
     * Rows Read
     */
    rows_read: number;
    /**
     * Rejected
     */
    rejected: number;
    /**
     * Counts
     *
     * The report, when there is one.
     */
    counts: {
        [key: string]: unknown;
    } | null;
    /**
     * Mapping
     *
     * Which column each field came from.
     */
    mapping: {
        [key: string]: string;
    } | null;
    /**
     * Error
     *
     * Why it failed or was interrupted.
     */
    error: string | null;
};

/**
 * ImportPage
 */
export type ImportPage = {
    /**
     * Imports
     */
    imports: Array<ImportOut>;
    /**
     * Next Cursor
     */
    next_cursor?: string | null;
};

/**
 * ImportStarted
 *
 * An import that has begun; `Location` says where to look at it.
 */
export type ImportStarted = {
    /**
     * Import Id
     */
    import_id: string;
    /**
     * State
     */
    state: 'running' | 'done' | 'failed' | 'interrupted';
};

/**
 * InterestOut
 *
 * One of the things somebody looks for at the same time.
 */
export type InterestOut = {
    /**
     * Interest Id
     *
     * The listing in its middle.
     */
    interest_id: string;
    /**
     * Name
     */
    name: string;
    /**
     * Facts
     */
    facts: {
        [key: string]: string | number;
    };
    /**
     * Share
     *
     * Of what was looked at.
     */
    share: number;
};

export type JsonValue = unknown;

/**
 * Listing
 *
 * A listing. Fields the source did not give are absent.
 */
export type Listing = {
    /**
     * Listing Id
     */
    listing_id: string;
    /**
     * Make
     */
    make: string;
    /**
     * Model
     */
    model: string;
    /**
     * Source
     */
    source?: string | null;
    /**
     * Source Listing Id
     */
    source_listing_id?: string | null;
    /**
     * Url
     */
    url?: string | null;
    /**
     * Vin
     */
    vin?: string | null;
    /**
     * Condition
     */
    condition?: 'new' | 'used' | 'demo' | 'pre_registered' | 'classic' | null;
    /**
     * Certified
     */
    certified?: boolean | null;
    /**
     * Variant
     */
    variant?: string | null;
    /**
     * Generation
     */
    generation?: string | null;
    /**
     * Model Year
     */
    model_year?: number | null;
    /**
     * First Registration
     */
    first_registration?: string | null;
    /**
     * Mileage Km
     */
    mileage_km?: number | null;
    /**
     * Price Amount
     */
    price_amount?: number | null;
    /**
     * Price Currency
     */
    price_currency?: string | null;
    /**
     * Price Type
     */
    price_type?: 'gross' | 'net' | 'msrp' | 'all_in' | 'dealer' | null;
    /**
     * Price Negotiable
     */
    price_negotiable?: boolean | null;
    /**
     * Vat Reclaimable
     */
    vat_reclaimable?: boolean | null;
    /**
     * Msrp Amount
     */
    msrp_amount?: number | null;
    /**
     * Body Type
     */
    body_type?: 'hatchback' | 'sedan' | 'wagon' | 'suv' | 'crossover' | 'coupe' | 'convertible' | 'minivan' | 'van' | 'pickup' | 'city_car' | 'other' | null;
    /**
     * Fuel Type
     */
    fuel_type?: 'petrol' | 'diesel' | 'electric' | 'hybrid' | 'plugin_hybrid' | 'mild_hybrid' | 'lpg' | 'cng' | 'hydrogen' | 'ethanol' | 'other' | null;
    /**
     * Transmission
     */
    transmission?: 'manual' | 'automatic' | 'semi_automatic' | 'cvt' | 'other' | null;
    /**
     * Drivetrain
     */
    drivetrain?: 'fwd' | 'rwd' | 'awd' | '4wd' | 'other' | null;
    /**
     * Power Kw
     */
    power_kw?: number | null;
    /**
     * Displacement Cc
     */
    displacement_cc?: number | null;
    /**
     * Cylinders
     */
    cylinders?: number | null;
    /**
     * Gears
     */
    gears?: number | null;
    /**
     * Doors
     */
    doors?: number | null;
    /**
     * Seats
     */
    seats?: number | null;
    /**
     * Battery Kwh
     */
    battery_kwh?: number | null;
    /**
     * Electric Range Km
     */
    electric_range_km?: number | null;
    /**
     * Consumption L 100Km
     */
    consumption_l_100km?: number | null;
    /**
     * Consumption Kwh 100Km
     */
    consumption_kwh_100km?: number | null;
    /**
     * Co2 G Km
     */
    co2_g_km?: number | null;
    /**
     * Emission Standard
     */
    emission_standard?: string | null;
    /**
     * Color Exterior
     */
    color_exterior?: 'black' | 'white' | 'grey' | 'silver' | 'blue' | 'red' | 'green' | 'brown' | 'beige' | 'yellow' | 'orange' | 'purple' | 'other' | null;
    /**
     * Color Name
     */
    color_name?: string | null;
    /**
     * Metallic
     */
    metallic?: boolean | null;
    /**
     * Color Interior
     */
    color_interior?: string | null;
    /**
     * Upholstery
     */
    upholstery?: string | null;
    /**
     * Owners Count
     */
    owners_count?: number | null;
    /**
     * Accident Free
     */
    accident_free?: boolean | null;
    /**
     * Damaged
     */
    damaged?: boolean | null;
    /**
     * Service History
     */
    service_history?: boolean | null;
    /**
     * Title Status
     */
    title_status?: 'clean' | 'rebuilt' | 'salvage' | 'lien' | 'missing' | 'parts' | null;
    /**
     * Features
     */
    features?: Array<string> | null;
    /**
     * Steering
     */
    steering?: 'left' | 'right' | null;
    /**
     * Seller Type
     */
    seller_type?: 'dealer' | 'private' | null;
    /**
     * Seller Id
     */
    seller_id?: string | null;
    /**
     * Seller Name
     */
    seller_name?: string | null;
    /**
     * Seller Rating
     */
    seller_rating?: number | null;
    /**
     * Country
     */
    country?: string | null;
    /**
     * Region
     */
    region?: string | null;
    /**
     * City
     */
    city?: string | null;
    /**
     * Postal Code
     */
    postal_code?: string | null;
    /**
     * Lat
     */
    lat?: number | null;
    /**
     * Lon
     */
    lon?: number | null;
    /**
     * Status
     */
    status?: 'active' | 'reserved' | 'sold' | 'expired' | 'withdrawn' | null;
    /**
     * Listed At
     */
    listed_at?: string | null;
    /**
     * Updated At
     */
    updated_at?: string | null;
    /**
     * Sold At
     */
    sold_at?: string | null;
    /**
     * Images
     */
    images?: Array<string> | null;
    /**
     * Image Count
     */
    image_count?: number | null;
    /**
     * Title
     */
    title?: string | null;
    /**
     * Description
     */
    description?: string | null;
    /**
     * Attributes
     */
    attributes?: {
        [key: string]: unknown;
    } | null;
    /**
     * Import Warnings
     */
    import_warnings?: Array<string> | null;
    /**
     * First Listed At
     *
     * When the car was first offered, if that was another listing of it.
     */
    first_listed_at?: string | null;
    /**
     * Price History
     *
     * Its prices, oldest first, if there was more than one.
     */
    price_history?: Array<PriceOut> | null;
    [key: string]: unknown;
};

/**
 * ListingBody
 *
 * A listing to store. Needs make, model and a year; the rest if it is known.
 */
export type ListingBody = {
    /**
     * Listing Id
     */
    listing_id?: string | null;
    /**
     * Make
     */
    make?: string | null;
    /**
     * Model
     */
    model?: string | null;
    /**
     * Source
     */
    source?: string | null;
    /**
     * Source Listing Id
     */
    source_listing_id?: string | null;
    /**
     * Url
     */
    url?: string | null;
    /**
     * Vin
     */
    vin?: string | null;
    /**
     * Condition
     */
    condition?: 'new' | 'used' | 'demo' | 'pre_registered' | 'classic' | null;
    /**
     * Certified
     */
    certified?: boolean | null;
    /**
     * Variant
     */
    variant?: string | null;
    /**
     * Generation
     */
    generation?: string | null;
    /**
     * Model Year
     */
    model_year?: number | null;
    /**
     * First Registration
     */
    first_registration?: string | null;
    /**
     * Mileage Km
     */
    mileage_km?: number | null;
    /**
     * Price Amount
     */
    price_amount?: number | string | null;
    /**
     * Price Currency
     */
    price_currency?: string | null;
    /**
     * Price Type
     */
    price_type?: 'gross' | 'net' | 'msrp' | 'all_in' | 'dealer' | null;
    /**
     * Price Negotiable
     */
    price_negotiable?: boolean | null;
    /**
     * Vat Reclaimable
     */
    vat_reclaimable?: boolean | null;
    /**
     * Msrp Amount
     */
    msrp_amount?: number | string | null;
    /**
     * Body Type
     */
    body_type?: 'hatchback' | 'sedan' | 'wagon' | 'suv' | 'crossover' | 'coupe' | 'convertible' | 'minivan' | 'van' | 'pickup' | 'city_car' | 'other' | null;
    /**
     * Fuel Type
     */
    fuel_type?: 'petrol' | 'diesel' | 'electric' | 'hybrid' | 'plugin_hybrid' | 'mild_hybrid' | 'lpg' | 'cng' | 'hydrogen' | 'ethanol' | 'other' | null;
    /**
     * Transmission
     */
    transmission?: 'manual' | 'automatic' | 'semi_automatic' | 'cvt' | 'other' | null;
    /**
     * Drivetrain
     */
    drivetrain?: 'fwd' | 'rwd' | 'awd' | '4wd' | 'other' | null;
    /**
     * Power Kw
     */
    power_kw?: number | null;
    /**
     * Displacement Cc
     */
    displacement_cc?: number | null;
    /**
     * Cylinders
     */
    cylinders?: number | null;
    /**
     * Gears
     */
    gears?: number | null;
    /**
     * Doors
     */
    doors?: number | null;
    /**
     * Seats
     */
    seats?: number | null;
    /**
     * Battery Kwh
     */
    battery_kwh?: number | null;
    /**
     * Electric Range Km
     */
    electric_range_km?: number | null;
    /**
     * Consumption L 100Km
     */
    consumption_l_100km?: number | null;
    /**
     * Consumption Kwh 100Km
     */
    consumption_kwh_100km?: number | null;
    /**
     * Co2 G Km
     */
    co2_g_km?: number | null;
    /**
     * Emission Standard
     */
    emission_standard?: string | null;
    /**
     * Color Exterior
     */
    color_exterior?: 'black' | 'white' | 'grey' | 'silver' | 'blue' | 'red' | 'green' | 'brown' | 'beige' | 'yellow' | 'orange' | 'purple' | 'other' | null;
    /**
     * Color Name
     */
    color_name?: string | null;
    /**
     * Metallic
     */
    metallic?: boolean | null;
    /**
     * Color Interior
     */
    color_interior?: string | null;
    /**
     * Upholstery
     */
    upholstery?: string | null;
    /**
     * Owners Count
     */
    owners_count?: number | null;
    /**
     * Accident Free
     */
    accident_free?: boolean | null;
    /**
     * Damaged
     */
    damaged?: boolean | null;
    /**
     * Service History
     */
    service_history?: boolean | null;
    /**
     * Title Status
     */
    title_status?: 'clean' | 'rebuilt' | 'salvage' | 'lien' | 'missing' | 'parts' | null;
    /**
     * Features
     */
    features?: Array<string> | null;
    /**
     * Steering
     */
    steering?: 'left' | 'right' | null;
    /**
     * Seller Type
     */
    seller_type?: 'dealer' | 'private' | null;
    /**
     * Seller Id
     */
    seller_id?: string | null;
    /**
     * Seller Name
     */
    seller_name?: string | null;
    /**
     * Seller Rating
     */
    seller_rating?: number | null;
    /**
     * Country
     */
    country?: string | null;
    /**
     * Region
     */
    region?: string | null;
    /**
     * City
     */
    city?: string | null;
    /**
     * Postal Code
     */
    postal_code?: string | null;
    /**
     * Lat
     */
    lat?: number | null;
    /**
     * Lon
     */
    lon?: number | null;
    /**
     * Status
     */
    status?: 'active' | 'reserved' | 'sold' | 'expired' | 'withdrawn' | null;
    /**
     * Listed At
     */
    listed_at?: string | null;
    /**
     * Updated At
     */
    updated_at?: string | null;
    /**
     * Sold At
     */
    sold_at?: string | null;
    /**
     * Images
     */
    images?: Array<string> | null;
    /**
     * Image Count
     */
    image_count?: number | null;
    /**
     * Title
     */
    title?: string | null;
    /**
     * Description
     */
    description?: string | null;
    /**
     * Attributes
     */
    attributes?: {
        [key: string]: unknown;
    } | null;
    /**
     * Import Warnings
     */
    import_warnings?: Array<string> | null;
};

/**
 * LoginBody
 */
export type LoginBody = {
    /**
     * Email
     */
    email: string;
    /**
     * Anonymous Token
     *
     * Token of the anonymous shopper whose activity this account takes over.
     */
    anonymous_token?: string | null;
};

/**
 * Me
 */
export type Me = {
    /**
     * Shopper Id
     */
    shopper_id: string;
    /**
     * Kind
     */
    kind: 'account' | 'anonymous';
    /**
     * Name
     */
    name?: string | null;
    /**
     * Demo
     *
     * Whether this service lets anybody log in by email.
     */
    demo: boolean;
};

/**
 * MergeBody
 */
export type MergeBody = {
    /**
     * Token
     *
     * Token of the anonymous shopper whose activity I take over.
     */
    token: string;
};

/**
 * Moment
 *
 * Something that changed my taste.
 */
export type Moment = {
    /**
     * At
     */
    at: string;
    /**
     * Type
     */
    type: string;
    /**
     * Listing Id
     */
    listing_id?: string | null;
    /**
     * Text
     *
     * In English.
     */
    text: string;
    /**
     * Facts
     *
     * What the text is made of, for other languages: the `name` of a car that is still known; `query`, `filters` and `currency` of a search; `reset` if all was forgotten.
     */
    facts: {
        [key: string]: JsonValue;
    };
};

/**
 * MyAccount
 *
 * One id a person is known by, and whose it is to the sign-in service.
 */
export type MyAccount = {
    /**
     * Shopper Id
     */
    shopper_id: string;
    /**
     * Kind
     */
    kind: string;
    /**
     * Issuer
     */
    issuer: string | null;
    /**
     * Subject
     */
    subject: string | null;
    /**
     * Merged Into
     *
     * The account that an anonymous visit became.
     */
    merged_into: string | null;
    /**
     * Created At
     */
    created_at: string;
};

/**
 * MyData
 *
 * Everything held about me; docs/shoppers-data.md explains it.
 */
export type MyData = {
    /**
     * Exported At
     */
    exported_at: string;
    shopper: MyIds;
    /**
     * Taste
     *
     * By id: what is believed, and what I said.
     */
    taste: {
        [key: string]: {
            [key: string]: unknown;
        };
    };
    /**
     * Hidden Just Now
     *
     * By id: listings hidden (true) or shown again (false) lately.
     */
    hidden_just_now: {
        [key: string]: {
            [key: string]: boolean;
        };
    };
    /**
     * Events
     *
     * What I did, the oldest first.
     */
    events: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Events On Their Way
     *
     * What I did just now.
     */
    events_on_their_way: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Slates
     *
     * What was recommended to me, the oldest first.
     */
    slates: Array<{
        [key: string]: unknown;
    }>;
    /**
     * Events Set Aside
     *
     * What was sent in my name and could not be read.
     */
    events_set_aside: Array<string>;
};

/**
 * MyIds
 */
export type MyIds = {
    /**
     * Shopper Id
     */
    shopper_id: string;
    /**
     * Ids
     *
     * The account and its anonymous visits.
     */
    ids: Array<string>;
    /**
     * Accounts
     */
    accounts: Array<MyAccount>;
};

/**
 * Performance
 *
 * What one group of slates achieved.
 */
export type Performance = {
    /**
     * Shoppers
     */
    shoppers: number;
    /**
     * Slates
     */
    slates: number;
    /**
     * Impressions
     */
    impressions: number;
    /**
     * Clicks
     */
    clicks: number;
    /**
     * Contacts
     */
    contacts: number;
    ctr: Rate;
    contact_rate: Rate;
};

/**
 * PlaceFigures
 *
 * What the slates of one place of the site achieved.
 */
export type PlaceFigures = {
    /**
     * Placement
     */
    placement: string;
    /**
     * Row
     *
     * Kind of row; empty for a slate that is none.
     */
    row: string;
    /**
     * Shoppers
     */
    shoppers: number;
    /**
     * Slates
     */
    slates: number;
    /**
     * Impressions
     */
    impressions: number;
    /**
     * Clicks
     */
    clicks: number;
    /**
     * Contacts
     */
    contacts: number;
    ctr: Rate;
    contact_rate: Rate;
};

/**
 * PreferenceBody
 *
 * A wish about one value of a block.
 */
export type PreferenceBody = {
    /**
     * Block
     */
    block: string;
    /**
     * Value
     */
    value: string;
    /**
     * Level
     */
    level: 'only' | 'more' | 'less' | 'never';
};

/**
 * PriceBin
 */
export type PriceBin = {
    /**
     * Low
     */
    low: number;
    /**
     * High
     */
    high: number;
    /**
     * Count
     */
    count: number;
};

/**
 * PriceOut
 *
 * What a car was offered for from some moment on.
 */
export type PriceOut = {
    /**
     * At
     */
    at: string;
    /**
     * Amount
     */
    amount: number;
    /**
     * Currency
     */
    currency: string;
};

/**
 * PriceStanding
 *
 * How a price stands among comparable cars: same model and fuel, brought to this one's year, mileage and power.
 */
export type PriceStanding = {
    /**
     * Currency
     */
    currency: string;
    /**
     * Price
     */
    price: number;
    /**
     * Compared
     *
     * Comparable listings; with fewer than 8 there is no comparison.
     */
    compared: number;
    /**
     * Expected
     *
     * What such a car costs; null without a comparison.
     */
    expected: number | null;
    /**
     * Below
     *
     * Share below that, negative above it.
     */
    below: number | null;
    /**
     * Cheaper Than
     *
     * Share of the comparable cars that cost more.
     */
    cheaper_than: number | null;
    /**
     * Bins
     */
    bins: Array<PriceBin>;
};

/**
 * QuestionnaireBody
 *
 * Four questions for who is new; the answers fade as there is evidence.
 */
export type QuestionnaireBody = {
    /**
     * Budget
     */
    budget?: number | null;
    /**
     * Currency
     *
     * The one most of the catalogue is priced in by default.
     */
    currency?: string | null;
    /**
     * Body Types
     */
    body_types?: Array<string>;
    /**
     * Fuel Types
     */
    fuel_types?: Array<string>;
    /**
     * Use
     */
    use?: 'city' | 'family' | 'work' | 'fun' | null;
};

/**
 * Rate
 *
 * A ratio with its 95% interval; None where there is nothing to divide by.
 *
 * :ivar error: standard error. It is kept beside the interval because the interval ends at 0 and 1, and its ends
 * then no longer say how unsure the ratio is.
 * :ivar freedom: degrees of freedom of the error, in Student's sense: of few shoppers it is itself only a guess, so
 * the interval is wider. None where the error is no such guess.
 */
export type Rate = {
    /**
     * Value
     */
    value: number | null;
    /**
     * Low
     */
    low?: number | null;
    /**
     * High
     */
    high?: number | null;
    /**
     * Error
     */
    error?: number | null;
    /**
     * Freedom
     */
    freedom?: number | null;
};

/**
 * ReasonOut
 *
 * Why a listing is shown: `code` is the trait or source, `text` says it to the shopper.
 */
export type ReasonOut = {
    /**
     * Code
     */
    code: string;
    /**
     * Text
     */
    text: string;
};

/**
 * ReceiptOut
 *
 * What was erased, without saying whose it was.
 */
export type ReceiptOut = {
    /**
     * Receipt Id
     */
    receipt_id: string;
    /**
     * Erased At
     */
    erased_at: string;
    /**
     * Ids
     *
     * Under how many ids the person was known: the account and its anonymous visits.
     */
    ids: number;
    /**
     * Removed
     *
     * Removed rows and entries per store.
     */
    removed: {
        [key: string]: number;
    };
};

/**
 * Recommendations
 *
 * One slate; send `recommendation_id` and `position` back with the events it causes.
 */
export type Recommendations = {
    /**
     * Recommendation Id
     */
    recommendation_id: string;
    /**
     * Placement
     */
    placement: string;
    /**
     * Variant
     *
     * Variants of the experiments this shopper is in, separated by commas; null without any.
     */
    variant: string | null;
    /**
     * Taste Version
     */
    taste_version: number;
    /**
     * Listings
     */
    listings: Array<RecommendedListing>;
};

/**
 * RecommendedListing
 *
 * A listing in a slate.
 */
export type RecommendedListing = {
    /**
     * Listing Id
     */
    listing_id: string;
    /**
     * Make
     */
    make: string;
    /**
     * Model
     */
    model: string;
    /**
     * Source
     */
    source?: string | null;
    /**
     * Source Listing Id
     */
    source_listing_id?: string | null;
    /**
     * Url
     */
    url?: string | null;
    /**
     * Vin
     */
    vin?: string | null;
    /**
     * Condition
     */
    condition?: 'new' | 'used' | 'demo' | 'pre_registered' | 'classic' | null;
    /**
     * Certified
     */
    certified?: boolean | null;
    /**
     * Variant
     */
    variant?: string | null;
    /**
     * Generation
     */
    generation?: string | null;
    /**
     * Model Year
     */
    model_year?: number | null;
    /**
     * First Registration
     */
    first_registration?: string | null;
    /**
     * Mileage Km
     */
    mileage_km?: number | null;
    /**
     * Price Amount
     */
    price_amount?: number | null;
    /**
     * Price Currency
     */
    price_currency?: string | null;
    /**
     * Price Type
     */
    price_type?: 'gross' | 'net' | 'msrp' | 'all_in' | 'dealer' | null;
    /**
     * Price Negotiable
     */
    price_negotiable?: boolean | null;
    /**
     * Vat Reclaimable
     */
    vat_reclaimable?: boolean | null;
    /**
     * Msrp Amount
     */
    msrp_amount?: number | null;
    /**
     * Body Type
     */
    body_type?: 'hatchback' | 'sedan' | 'wagon' | 'suv' | 'crossover' | 'coupe' | 'convertible' | 'minivan' | 'van' | 'pickup' | 'city_car' | 'other' | null;
    /**
     * Fuel Type
     */
    fuel_type?: 'petrol' | 'diesel' | 'electric' | 'hybrid' | 'plugin_hybrid' | 'mild_hybrid' | 'lpg' | 'cng' | 'hydrogen' | 'ethanol' | 'other' | null;
    /**
     * Transmission
     */
    transmission?: 'manual' | 'automatic' | 'semi_automatic' | 'cvt' | 'other' | null;
    /**
     * Drivetrain
     */
    drivetrain?: 'fwd' | 'rwd' | 'awd' | '4wd' | 'other' | null;
    /**
     * Power Kw
     */
    power_kw?: number | null;
    /**
     * Displacement Cc
     */
    displacement_cc?: number | null;
    /**
     * Cylinders
     */
    cylinders?: number | null;
    /**
     * Gears
     */
    gears?: number | null;
    /**
     * Doors
     */
    doors?: number | null;
    /**
     * Seats
     */
    seats?: number | null;
    /**
     * Battery Kwh
     */
    battery_kwh?: number | null;
    /**
     * Electric Range Km
     */
    electric_range_km?: number | null;
    /**
     * Consumption L 100Km
     */
    consumption_l_100km?: number | null;
    /**
     * Consumption Kwh 100Km
     */
    consumption_kwh_100km?: number | null;
    /**
     * Co2 G Km
     */
    co2_g_km?: number | null;
    /**
     * Emission Standard
     */
    emission_standard?: string | null;
    /**
     * Color Exterior
     */
    color_exterior?: 'black' | 'white' | 'grey' | 'silver' | 'blue' | 'red' | 'green' | 'brown' | 'beige' | 'yellow' | 'orange' | 'purple' | 'other' | null;
    /**
     * Color Name
     */
    color_name?: string | null;
    /**
     * Metallic
     */
    metallic?: boolean | null;
    /**
     * Color Interior
     */
    color_interior?: string | null;
    /**
     * Upholstery
     */
    upholstery?: string | null;
    /**
     * Owners Count
     */
    owners_count?: number | null;
    /**
     * Accident Free
     */
    accident_free?: boolean | null;
    /**
     * Damaged
     */
    damaged?: boolean | null;
    /**
     * Service History
     */
    service_history?: boolean | null;
    /**
     * Title Status
     */
    title_status?: 'clean' | 'rebuilt' | 'salvage' | 'lien' | 'missing' | 'parts' | null;
    /**
     * Features
     */
    features?: Array<string> | null;
    /**
     * Steering
     */
    steering?: 'left' | 'right' | null;
    /**
     * Seller Type
     */
    seller_type?: 'dealer' | 'private' | null;
    /**
     * Seller Id
     */
    seller_id?: string | null;
    /**
     * Seller Name
     */
    seller_name?: string | null;
    /**
     * Seller Rating
     */
    seller_rating?: number | null;
    /**
     * Country
     */
    country?: string | null;
    /**
     * Region
     */
    region?: string | null;
    /**
     * City
     */
    city?: string | null;
    /**
     * Postal Code
     */
    postal_code?: string | null;
    /**
     * Lat
     */
    lat?: number | null;
    /**
     * Lon
     */
    lon?: number | null;
    /**
     * Status
     */
    status?: 'active' | 'reserved' | 'sold' | 'expired' | 'withdrawn' | null;
    /**
     * Listed At
     */
    listed_at?: string | null;
    /**
     * Updated At
     */
    updated_at?: string | null;
    /**
     * Sold At
     */
    sold_at?: string | null;
    /**
     * Images
     */
    images?: Array<string> | null;
    /**
     * Image Count
     */
    image_count?: number | null;
    /**
     * Title
     */
    title?: string | null;
    /**
     * Description
     */
    description?: string | null;
    /**
     * Attributes
     */
    attributes?: {
        [key: string]: unknown;
    } | null;
    /**
     * Import Warnings
     */
    import_warnings?: Array<string> | null;
    /**
     * First Listed At
     *
     * When the car was first offered, if that was another listing of it.
     */
    first_listed_at?: string | null;
    /**
     * Price History
     *
     * Its prices, oldest first, if there was more than one.
     */
    price_history?: Array<PriceOut> | null;
    /**
     * Position
     *
     * Place in the slate, from 1.
     */
    position: number;
    /**
     * Score
     *
     * Log-odds of the taste plus popularity, freshness and likeness.
     */
    score: number;
    /**
     * Reasons
     *
     * At least one.
     */
    reasons: Array<ReasonOut>;
    [key: string]: unknown;
};

/**
 * RecommendedRows
 *
 * The rows of a page; no listing is in two of them, and a row with fewer than three cars is left out.
 */
export type RecommendedRows = {
    /**
     * Placement
     */
    placement: string;
    /**
     * Variant
     *
     * Variants of the experiments this shopper is in, separated by commas; null without any.
     */
    variant: string | null;
    /**
     * Taste Version
     */
    taste_version: number;
    /**
     * Personalised
     *
     * Whether the shopper's taste was used.
     */
    personalised: boolean;
    /**
     * Rows
     */
    rows: Array<RowOut>;
};

/**
 * RejectOut
 *
 * A row that became no listing; docs/listings.md explains the reasons.
 */
export type RejectOut = {
    /**
     * Number
     *
     * From 1, in the order of the files.
     */
    number: number;
    /**
     * File
     */
    file: string;
    /**
     * Line
     */
    line: number;
    /**
     * Reason
     */
    reason: string;
    /**
     * Detail
     */
    detail: string;
    /**
     * Row
     *
     * Its own cells.
     */
    row: {
        [key: string]: string;
    };
};

/**
 * RejectPage
 */
export type RejectPage = {
    /**
     * Rejects
     */
    rejects: Array<RejectOut>;
    /**
     * Total
     *
     * All rejected rows of the run, also those not kept.
     */
    total: number;
    /**
     * Next Cursor
     */
    next_cursor?: number | null;
};

/**
 * RejectedListing
 */
export type RejectedListing = {
    /**
     * Line
     *
     * Place in the batch, from 1.
     */
    line: number;
    /**
     * Listing Id
     */
    listing_id?: string | null;
    /**
     * Field
     */
    field?: string | null;
    /**
     * Reason
     */
    reason: string;
};

/**
 * RowOut
 *
 * One row of a page: a slate of its own, so send its `recommendation_id` with the events it causes.
 */
export type RowOut = {
    /**
     * Recommendation Id
     */
    recommendation_id: string;
    /**
     * Row
     */
    row: 'picked_for_you' | 'interest' | 'because_you_viewed' | 'new_this_week' | 'good_prices';
    /**
     * Name
     *
     * In English.
     */
    name: string;
    /**
     * Facts
     *
     * What the name is made of, for other languages: make, model, body_type, fuel_type, transmission, size (small or family), price_amount with price_currency.
     */
    facts: {
        [key: string]: string | number;
    };
    /**
     * Interest Id
     *
     * Of an interest: the listing in its middle.
     */
    interest_id?: string | null;
    /**
     * Listing Id
     *
     * Of `because_you_viewed`: the listing viewed.
     */
    listing_id?: string | null;
    /**
     * Listings
     */
    listings: Array<RecommendedListing>;
};

/**
 * SearchResult
 *
 * One page of a search.
 */
export type SearchResult = {
    /**
     * Listings
     */
    listings: Array<Listing>;
    /**
     * Total
     */
    total: number;
    /**
     * Currency
     *
     * Currency of min_price, max_price and the price sorts.
     */
    currency: string;
    /**
     * Facets
     */
    facets: {
        [key: string]: Array<FacetValue>;
    };
    /**
     * Ranges
     *
     * Of price (in `currency`), year, mileage (km) and power (kW).
     */
    ranges: {
        [key: string]: Histogram;
    };
    /**
     * Next Cursor
     */
    next_cursor?: string | null;
};

/**
 * SellersOut
 */
export type SellersOut = {
    /**
     * Seen
     *
     * How many sellers were seen.
     */
    seen: number;
    /**
     * Gini
     *
     * How unevenly: 0 all alike, near 1 one has everything.
     */
    gini: number;
};

/**
 * SimilarListings
 */
export type SimilarListings = {
    /**
     * Listings
     */
    listings: Array<Listing>;
};

/**
 * SlateTrace
 *
 * A slate as it was served.
 */
export type SlateTrace = {
    /**
     * Recommendation Id
     */
    recommendation_id: string;
    /**
     * Shopper Id
     */
    shopper_id: string;
    /**
     * Served At
     */
    served_at: string;
    /**
     * Placement
     */
    placement: string;
    /**
     * Row Kind
     */
    row_kind: string | null;
    /**
     * Variant
     */
    variant: string | null;
    /**
     * Taste Version
     */
    taste_version: number;
    /**
     * Crowd Version
     *
     * Version of the choice model; 0 for none.
     */
    crowd_version: number;
    /**
     * Filters
     *
     * What the request asked for.
     */
    filters: {
        [key: string]: unknown;
    };
    /**
     * Listings
     */
    listings: Array<TracedListing>;
    why?: Why | null;
};

/**
 * StatedBody
 *
 * What I said about my taste.
 */
export type StatedBody = {
    /**
     * Personalised
     */
    personalised?: boolean;
    /**
     * Preferences
     */
    preferences?: Array<PreferenceBody>;
    budget?: BudgetBody | null;
    home?: HomeBody | null;
    questionnaire?: QuestionnaireBody | null;
    /**
     * Together
     *
     * Pairs of interests that are one; the cars in their middles.
     */
    together?: Array<[
        string,
        string
    ]>;
};

/**
 * Statement
 *
 * One thing the site believes about a shopper.
 */
export type Statement = {
    /**
     * Block
     */
    block: string;
    /**
     * Value
     */
    value: string;
    /**
     * Text
     */
    text: string;
    /**
     * Weight
     *
     * Evidence in units of one view, decayed to now; below 0 is against.
     */
    weight: number;
    /**
     * Lift
     *
     * How much likelier than in the stock it is wanted, as a logarithm; 0 is as likely.
     */
    lift: number;
    /**
     * Low
     *
     * Lower end of the 90% credible interval of `lift`.
     */
    low: number;
    /**
     * High
     *
     * Upper end of it.
     */
    high: number;
    /**
     * Stated
     *
     * What I said about it.
     */
    stated?: 'only' | 'more' | 'less' | 'never' | null;
};

/**
 * Suggestion
 *
 * A make or model that begins with what was typed.
 */
export type Suggestion = {
    /**
     * Field
     */
    field: 'make' | 'model';
    /**
     * Value
     */
    value: string;
    /**
     * Count
     *
     * Listings on sale.
     */
    count: number;
};

/**
 * Suggestions
 */
export type Suggestions = {
    /**
     * Suggestions
     */
    suggestions: Array<Suggestion>;
};

/**
 * TasteBody
 *
 * What to say from now on; what is absent stays as it was said.
 */
export type TasteBody = {
    /**
     * Personalised
     */
    personalised?: boolean;
    /**
     * Preferences
     */
    preferences?: Array<PreferenceBody>;
    budget?: BudgetBody | null;
    home?: HomeBody | null;
    questionnaire?: QuestionnaireBody | null;
    /**
     * Together
     *
     * Pairs of interests that are one; the cars in their middles.
     */
    together?: Array<[
        string,
        string
    ]>;
    /**
     * Forget
     *
     * Learned evidence to drop, once.
     */
    forget?: Array<TraitBody>;
    /**
     * Drop Interests
     *
     * Interests whose cars count no more.
     */
    drop_interests?: Array<string>;
};

/**
 * TasteOut
 */
export type TasteOut = {
    /**
     * Taste Version
     */
    taste_version: number;
    /**
     * Event Count
     */
    event_count: number;
    /**
     * Personalised
     */
    personalised: boolean;
    /**
     * Phase
     *
     * Whether I am looking around or about to decide.
     */
    phase: 'orientation' | 'decision';
    /**
     * Statements
     */
    statements: Array<Statement>;
    stated: StatedBody;
    /**
     * Interests
     */
    interests: Array<InterestOut>;
    /**
     * Timeline
     *
     * Newest first.
     */
    timeline: Array<Moment>;
};

/**
 * TokenOut
 */
export type TokenOut = {
    /**
     * Token
     */
    token: string;
    /**
     * Shopper Id
     */
    shopper_id: string;
    /**
     * Name
     */
    name?: string | null;
};

/**
 * TracedListing
 */
export type TracedListing = {
    /**
     * Listing Id
     */
    listing_id: string;
    /**
     * Position
     */
    position: number;
    /**
     * Score
     */
    score: number;
    /**
     * Source
     *
     * The first source that found it.
     */
    source: string;
    /**
     * Propensity
     *
     * Its chance to be shown here; 1 unless it was explored.
     */
    propensity: number;
    /**
     * Terms
     *
     * The parts of its score before the placement's weights.
     */
    terms: {
        [key: string]: number;
    };
};

/**
 * TraitBody
 */
export type TraitBody = {
    /**
     * Block
     */
    block: string;
    /**
     * Value
     *
     * Empty: everything of the block.
     */
    value?: string;
};

/**
 * Why
 *
 * What becomes of one listing when the slate is made again now; if the slate that was served has it, it is `shown`
 * at that `position`, and the rest says how it would stand now.
 */
export type Why = {
    /**
     * Listing Id
     */
    listing_id: string;
    /**
     * Outcome
     *
     * shown; removed by a filter; not_found by any source; no_room because of caps or its likeness to others; outranked by better ones.
     */
    outcome: 'shown' | 'removed' | 'not_found' | 'no_room' | 'outranked';
    /**
     * Removed By
     *
     * sold, stated, outside_limits, hidden, on_page, already_seen or rule:NAME.
     */
    removed_by: string | null;
    /**
     * Full
     *
     * What it shares with as many listings of the slate as may: make, model …
     */
    full: Array<string>;
    /**
     * Sources
     */
    sources: Array<string>;
    /**
     * Rank
     *
     * Among the candidates by score, from 1.
     */
    rank: number | null;
    /**
     * Candidates
     */
    candidates: number;
    /**
     * Position
     */
    position: number | null;
    /**
     * Score
     */
    score: number | null;
    /**
     * Terms
     */
    terms: {
        [key: string]: number;
    };
    /**
     * Reasons
     */
    reasons: Array<ReasonOut>;
};

/**
 * WorthOut
 *
 * What the slates of the last days were worth; docs/experiments.md explains the figures.
 */
export type WorthOut = {
    /**
     * Days
     */
    days: number;
    /**
     * Places
     */
    places: Array<PlaceFigures>;
    /**
     * Experiments
     */
    experiments: Array<ExperimentFigures>;
    sellers: SellersOut;
};

/**
 * WriteResultOut
 *
 * What became of the listings written.
 */
export type WriteResultOut = {
    /**
     * Imported
     */
    imported: number;
    /**
     * Updated
     */
    updated: number;
    /**
     * Unchanged
     */
    unchanged: number;
    /**
     * Rejected
     */
    rejected?: Array<RejectedListing>;
};

/**
 * EventBody
 *
 * One event; docs/events.md says which fields each type needs.
 */
export type EventBody = {
    /**
     * Event Id
     *
     * UUID made by the client: the idempotency key.
     */
    event_id: string;
    /**
     * Type
     */
    type: string;
    /**
     * Occurred At
     */
    occurred_at: string;
    /**
     * Sent At
     */
    sent_at?: string | null;
    /**
     * Session Id
     */
    session_id?: string | null;
    /**
     * Listing Id
     */
    listing_id?: string | null;
    /**
     * Listing Ids
     */
    listing_ids?: Array<string> | null;
    /**
     * Value
     */
    value?: number | null;
    /**
     * Currency
     */
    currency?: string | null;
    /**
     * Reason
     */
    reason?: string | null;
    /**
     * Recommendation Id
     */
    recommendation_id?: string | null;
    /**
     * Placement
     */
    placement?: string | null;
    /**
     * Position
     */
    position?: number | null;
    /**
     * Context
     */
    context?: {
        [key: string]: unknown;
    } | null;
};

/**
 * EventsBody
 */
export type EventsBody = {
    /**
     * Events
     */
    events: Array<EventBody>;
};

/**
 * Problem
 *
 * An error, as RFC 9457 has it.
 */
export type Problem = {
    /**
     * Type
     */
    type?: string;
    /**
     * Title
     */
    title: string;
    /**
     * Status
     */
    status: number;
    /**
     * Detail
     *
     * What was wrong, the value, and what to do.
     */
    detail: string;
    /**
     * Errors
     *
     * Per field, where it is about fields.
     */
    errors?: Array<ProblemField>;
};

/**
 * ProblemField
 *
 * What is wrong with one field.
 */
export type ProblemField = {
    /**
     * Field
     */
    field: string;
    /**
     * Message
     */
    message: string;
};

export type LivezData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/livez';
};

export type LivezResponses = {
    /**
     * Response Livez
     *
     * Successful Response
     */
    200: {
        [key: string]: string;
    };
};

export type LivezResponse = LivezResponses[keyof LivezResponses];

export type MetricsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/metrics';
};

export type MetricsResponses = {
    /**
     * Successful Response
     */
    200: unknown;
};

export type ReadyzData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/readyz';
};

export type ReadyzErrors = {
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type ReadyzError = ReadyzErrors[keyof ReadyzErrors];

export type ReadyzResponses = {
    /**
     * Response Readyz
     *
     * Successful Response
     */
    200: {
        [key: string]: string;
    };
};

export type ReadyzResponse = ReadyzResponses[keyof ReadyzResponses];

export type SendEventsData = {
    body: EventsBody;
    path?: never;
    query?: never;
    url: '/v1/events';
};

export type SendEventsErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type SendEventsError = SendEventsErrors[keyof SendEventsErrors];

export type SendEventsResponses = {
    /**
     * Successful Response
     */
    202: EventResults;
};

export type SendEventsResponse = SendEventsResponses[keyof SendEventsResponses];

export type ExperimentsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Days
         *
         * How far back.
         */
        days?: number;
        /**
         * Placement
         *
         * Only this placement.
         */
        placement?: 'home' | 'detail' | 'search' | 'saved' | 'email' | null;
    };
    url: '/v1/experiments';
};

export type ExperimentsErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type ExperimentsError = ExperimentsErrors[keyof ExperimentsErrors];

export type ExperimentsResponses = {
    /**
     * Successful Response
     */
    200: WorthOut;
};

export type ExperimentsResponse = ExperimentsResponses[keyof ExperimentsResponses];

export type ListImportsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Source
         *
         * Name of the feed; the file's name by default.
         */
        source?: string | null;
        /**
         * N
         */
        n?: number;
        /**
         * Cursor
         *
         * `next_cursor` of the page before.
         */
        cursor?: string | null;
    };
    url: '/v1/imports';
};

export type ListImportsErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type ListImportsError = ListImportsErrors[keyof ListImportsErrors];

export type ListImportsResponses = {
    /**
     * Successful Response
     */
    200: ImportPage;
};

export type ListImportsResponse = ListImportsResponses[keyof ListImportsResponses];

export type StartImportData = {
    body: Blob | File;
    path?: never;
    query?: {
        /**
         * Source
         *
         * Name of the feed; the file's name by default.
         */
        source?: string | null;
        /**
         * Currency
         */
        currency?: string | null;
        /**
         * Distance Unit
         */
        distance_unit?: 'km' | 'mi' | null;
        /**
         * Make
         */
        make?: string | null;
        /**
         * Map
         *
         * COLUMN=FIELD
         */
        map?: Array<string>;
        /**
         * Full Feed
         *
         * Withdraw the source's listings that are not in it.
         */
        full_feed?: boolean;
        /**
         * Dry Run
         *
         * Only say what would be done.
         */
        dry_run?: boolean;
        /**
         * Force
         *
         * Import also what looks wrong as a whole.
         */
        force?: boolean;
        /**
         * Filename
         *
         * Its name where it comes from.
         */
        filename?: string;
        /**
         * Wait
         *
         * Answer when it is finished, after 30 s at the latest.
         */
        wait?: boolean;
    };
    url: '/v1/imports';
};

export type StartImportErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Conflict
     */
    409: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type StartImportError = StartImportErrors[keyof StartImportErrors];

export type StartImportResponses = {
    /**
     * Finished (`wait=true`).
     */
    200: ImportOut;
    /**
     * Successful Response
     */
    202: ImportStarted;
};

export type StartImportResponse = StartImportResponses[keyof StartImportResponses];

export type GetImportData = {
    body?: never;
    path: {
        /**
         * Import Id
         */
        import_id: string;
    };
    query?: never;
    url: '/v1/imports/{import_id}';
};

export type GetImportErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type GetImportError = GetImportErrors[keyof GetImportErrors];

export type GetImportResponses = {
    /**
     * Successful Response
     */
    200: ImportOut;
};

export type GetImportResponse = GetImportResponses[keyof GetImportResponses];

export type ListImportRejectsData = {
    body?: never;
    path: {
        /**
         * Import Id
         */
        import_id: string;
    };
    query?: {
        /**
         * N
         */
        n?: number;
        /**
         * Cursor
         *
         * `next_cursor` of the page before.
         */
        cursor?: number;
    };
    url: '/v1/imports/{import_id}/rejects';
};

export type ListImportRejectsErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type ListImportRejectsError = ListImportRejectsErrors[keyof ListImportRejectsErrors];

export type ListImportRejectsResponses = {
    /**
     * Successful Response
     */
    200: RejectPage;
};

export type ListImportRejectsResponse = ListImportRejectsResponses[keyof ListImportRejectsResponses];

export type SearchListingsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Q
         *
         * Words; accents and case do not matter.
         */
        q?: string;
        /**
         * Sort
         *
         * recommended with a token, else newest.
         */
        sort?: 'recommended' | 'newest' | 'price_asc' | 'price_desc' | 'mileage_asc' | 'year_desc' | 'distance' | null;
        /**
         * Cursor
         */
        cursor?: string | null;
        /**
         * N
         *
         * 0 for the counts alone.
         */
        n?: number;
        /**
         * Make
         */
        make?: Array<string>;
        /**
         * Model
         */
        model?: Array<string>;
        /**
         * Body
         */
        body?: Array<string>;
        /**
         * Fuel
         */
        fuel?: Array<string>;
        /**
         * Transmission
         */
        transmission?: Array<string>;
        /**
         * Drivetrain
         */
        drivetrain?: Array<string>;
        /**
         * Color
         */
        color?: Array<string>;
        /**
         * Seller
         */
        seller?: Array<string>;
        /**
         * Condition
         */
        condition?: Array<string>;
        /**
         * Min Price
         */
        min_price?: number | null;
        /**
         * Max Price
         */
        max_price?: number | null;
        /**
         * Currency
         *
         * Of the prices asked for; the catalogue's by default.
         */
        currency?: string | null;
        /**
         * Min Year
         */
        min_year?: number | null;
        /**
         * Max Year
         */
        max_year?: number | null;
        /**
         * Max Mileage Km
         */
        max_mileage_km?: number | null;
        /**
         * Min Power Kw
         */
        min_power_kw?: number | null;
        /**
         * Listed After
         *
         * RFC 3339: cars first offered after that moment; one that is listed again is not new.
         */
        listed_after?: string | null;
        /**
         * Near
         *
         * LAT,LON in degrees
         */
        near?: string | null;
        /**
         * Radius Km
         */
        radius_km?: number | null;
    };
    url: '/v1/listings';
};

export type SearchListingsErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type SearchListingsError = SearchListingsErrors[keyof SearchListingsErrors];

export type SearchListingsResponses = {
    /**
     * Successful Response
     */
    200: SearchResult;
};

export type SearchListingsResponse = SearchListingsResponses[keyof SearchListingsResponses];

export type DeleteListingData = {
    body?: never;
    path: {
        /**
         * Listing Id
         */
        listing_id: string;
    };
    query?: never;
    url: '/v1/listings/{listing_id}';
};

export type DeleteListingErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type DeleteListingError = DeleteListingErrors[keyof DeleteListingErrors];

export type DeleteListingResponses = {
    /**
     * Successful Response
     */
    204: void;
};

export type DeleteListingResponse = DeleteListingResponses[keyof DeleteListingResponses];

export type GetListingData = {
    body?: never;
    path: {
        /**
         * Listing Id
         */
        listing_id: string;
    };
    query?: never;
    url: '/v1/listings/{listing_id}';
};

export type GetListingErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type GetListingError = GetListingErrors[keyof GetListingErrors];

export type GetListingResponses = {
    /**
     * Successful Response
     */
    200: Listing;
};

export type GetListingResponse = GetListingResponses[keyof GetListingResponses];

export type PatchListingData = {
    body: ListingBody;
    path: {
        /**
         * Listing Id
         */
        listing_id: string;
    };
    query?: never;
    url: '/v1/listings/{listing_id}';
};

export type PatchListingErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type PatchListingError = PatchListingErrors[keyof PatchListingErrors];

export type PatchListingResponses = {
    /**
     * Successful Response
     */
    200: WriteResultOut;
};

export type PatchListingResponse = PatchListingResponses[keyof PatchListingResponses];

export type PutListingData = {
    body: ListingBody;
    path: {
        /**
         * Listing Id
         */
        listing_id: string;
    };
    query?: never;
    url: '/v1/listings/{listing_id}';
};

export type PutListingErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type PutListingError = PutListingErrors[keyof PutListingErrors];

export type PutListingResponses = {
    /**
     * Successful Response
     */
    200: WriteResultOut;
};

export type PutListingResponse = PutListingResponses[keyof PutListingResponses];

export type PriceStandingData = {
    body?: never;
    path: {
        /**
         * Listing Id
         */
        listing_id: string;
    };
    query?: never;
    url: '/v1/listings/{listing_id}/price';
};

export type PriceStandingErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type PriceStandingError = PriceStandingErrors[keyof PriceStandingErrors];

export type PriceStandingResponses = {
    /**
     * Successful Response
     */
    200: PriceStanding;
};

export type PriceStandingResponse = PriceStandingResponses[keyof PriceStandingResponses];

export type SimilarListingsData = {
    body?: never;
    path: {
        /**
         * Listing Id
         */
        listing_id: string;
    };
    query?: {
        /**
         * N
         */
        n?: number;
    };
    url: '/v1/listings/{listing_id}/similar';
};

export type SimilarListingsErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type SimilarListingsError = SimilarListingsErrors[keyof SimilarListingsErrors];

export type SimilarListingsResponses = {
    /**
     * Successful Response
     */
    200: SimilarListings;
};

export type SimilarListingsResponse = SimilarListingsResponses[keyof SimilarListingsResponses];

export type BatchListingsData = {
    body: Array<ListingBody>;
    path?: never;
    query?: {
        /**
         * Patch
         *
         * Change the fields each listing names, as PATCH does, instead of replacing it.
         */
        patch?: boolean;
    };
    url: '/v1/listings:batch';
};

export type BatchListingsErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type BatchListingsError = BatchListingsErrors[keyof BatchListingsErrors];

export type BatchListingsResponses = {
    /**
     * Successful Response
     */
    200: WriteResultOut;
};

export type BatchListingsResponse = BatchListingsResponses[keyof BatchListingsResponses];

export type LiveData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/live';
};

export type LiveErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type LiveError = LiveErrors[keyof LiveErrors];

export type LiveResponses = {
    /**
     * Successful Response
     */
    200: string;
};

export type LiveResponse = LiveResponses[keyof LiveResponses];

export type EraseMeData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/me';
};

export type EraseMeErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type EraseMeError = EraseMeErrors[keyof EraseMeErrors];

export type EraseMeResponses = {
    /**
     * Successful Response
     */
    200: ReceiptOut;
};

export type EraseMeResponse = EraseMeResponses[keyof EraseMeResponses];

export type MeData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/me';
};

export type MeErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type MeError = MeErrors[keyof MeErrors];

export type MeResponses = {
    /**
     * Successful Response
     */
    200: Me;
};

export type MeResponse = MeResponses[keyof MeResponses];

export type ExportMeData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/me/export';
};

export type ExportMeErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type ExportMeError = ExportMeErrors[keyof ExportMeErrors];

export type ExportMeResponses = {
    /**
     * Successful Response
     */
    200: MyData;
};

export type ExportMeResponse = ExportMeResponses[keyof ExportMeResponses];

export type MergeSessionData = {
    body: MergeBody;
    path?: never;
    query?: never;
    url: '/v1/me/merge';
};

export type MergeSessionErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type MergeSessionError = MergeSessionErrors[keyof MergeSessionErrors];

export type MergeSessionResponses = {
    /**
     * Successful Response
     */
    204: void;
};

export type MergeSessionResponse = MergeSessionResponses[keyof MergeSessionResponses];

export type MyTasteData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/me/taste';
};

export type MyTasteErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type MyTasteError = MyTasteErrors[keyof MyTasteErrors];

export type MyTasteResponses = {
    /**
     * Successful Response
     */
    200: TasteOut;
};

export type MyTasteResponse = MyTasteResponses[keyof MyTasteResponses];

export type ChangeMyTasteData = {
    body: TasteBody;
    path?: never;
    query?: never;
    url: '/v1/me/taste';
};

export type ChangeMyTasteErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type ChangeMyTasteError = ChangeMyTasteErrors[keyof ChangeMyTasteErrors];

export type ChangeMyTasteResponses = {
    /**
     * Successful Response
     */
    200: TasteOut;
};

export type ChangeMyTasteResponse = ChangeMyTasteResponses[keyof ChangeMyTasteResponses];

export type ResetMyTasteData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/me/taste/reset';
};

export type ResetMyTasteErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type ResetMyTasteError = ResetMyTasteErrors[keyof ResetMyTasteErrors];

export type ResetMyTasteResponses = {
    /**
     * Successful Response
     */
    200: TasteOut;
};

export type ResetMyTasteResponse = ResetMyTasteResponses[keyof ResetMyTasteResponses];

export type RecommendData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Placement
         */
        placement?: 'home' | 'detail' | 'search' | 'saved' | 'email';
        /**
         * N
         */
        n?: number;
        /**
         * Listing Id
         *
         * The listing on whose page they will stand: looked at now, and not among them.
         */
        listing_id?: string | null;
        /**
         * Shopper Id
         *
         * Whose they are: with the secret key only, and then needed.
         */
        shopper_id?: string | null;
        /**
         * Make
         */
        make?: Array<string>;
        /**
         * Model
         */
        model?: Array<string>;
        /**
         * Body
         */
        body?: Array<string>;
        /**
         * Fuel
         */
        fuel?: Array<string>;
        /**
         * Transmission
         */
        transmission?: Array<string>;
        /**
         * Drivetrain
         */
        drivetrain?: Array<string>;
        /**
         * Color
         */
        color?: Array<string>;
        /**
         * Seller
         */
        seller?: Array<string>;
        /**
         * Condition
         */
        condition?: Array<string>;
        /**
         * Min Price
         */
        min_price?: number | null;
        /**
         * Max Price
         */
        max_price?: number | null;
        /**
         * Currency
         *
         * Of the prices asked for; the catalogue's by default.
         */
        currency?: string | null;
        /**
         * Min Year
         */
        min_year?: number | null;
        /**
         * Max Year
         */
        max_year?: number | null;
        /**
         * Max Mileage Km
         */
        max_mileage_km?: number | null;
        /**
         * Min Power Kw
         */
        min_power_kw?: number | null;
        /**
         * Listed After
         *
         * RFC 3339: cars first offered after that moment; one that is listed again is not new.
         */
        listed_after?: string | null;
        /**
         * Near
         *
         * LAT,LON in degrees
         */
        near?: string | null;
        /**
         * Radius Km
         */
        radius_km?: number | null;
    };
    url: '/v1/recommendations';
};

export type RecommendErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type RecommendError = RecommendErrors[keyof RecommendErrors];

export type RecommendResponses = {
    /**
     * Successful Response
     */
    200: Recommendations;
};

export type RecommendResponse = RecommendResponses[keyof RecommendResponses];

export type RecommendRowsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Placement
         */
        placement?: 'home' | 'detail' | 'search' | 'saved' | 'email';
        /**
         * N
         *
         * Most listings of a row.
         */
        n?: number;
        /**
         * Shopper Id
         *
         * Whose they are: with the secret key only, and then needed.
         */
        shopper_id?: string | null;
        /**
         * Make
         */
        make?: Array<string>;
        /**
         * Model
         */
        model?: Array<string>;
        /**
         * Body
         */
        body?: Array<string>;
        /**
         * Fuel
         */
        fuel?: Array<string>;
        /**
         * Transmission
         */
        transmission?: Array<string>;
        /**
         * Drivetrain
         */
        drivetrain?: Array<string>;
        /**
         * Color
         */
        color?: Array<string>;
        /**
         * Seller
         */
        seller?: Array<string>;
        /**
         * Condition
         */
        condition?: Array<string>;
        /**
         * Min Price
         */
        min_price?: number | null;
        /**
         * Max Price
         */
        max_price?: number | null;
        /**
         * Currency
         *
         * Of the prices asked for; the catalogue's by default.
         */
        currency?: string | null;
        /**
         * Min Year
         */
        min_year?: number | null;
        /**
         * Max Year
         */
        max_year?: number | null;
        /**
         * Max Mileage Km
         */
        max_mileage_km?: number | null;
        /**
         * Min Power Kw
         */
        min_power_kw?: number | null;
        /**
         * Listed After
         *
         * RFC 3339: cars first offered after that moment; one that is listed again is not new.
         */
        listed_after?: string | null;
        /**
         * Near
         *
         * LAT,LON in degrees
         */
        near?: string | null;
        /**
         * Radius Km
         */
        radius_km?: number | null;
    };
    url: '/v1/recommendations/rows';
};

export type RecommendRowsErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type RecommendRowsError = RecommendRowsErrors[keyof RecommendRowsErrors];

export type RecommendRowsResponses = {
    /**
     * Successful Response
     */
    200: RecommendedRows;
};

export type RecommendRowsResponse = RecommendRowsResponses[keyof RecommendRowsResponses];

export type TraceSlateData = {
    body?: never;
    path: {
        /**
         * Recommendation Id
         */
        recommendation_id: string;
    };
    query?: {
        /**
         * Listing Id
         *
         * Also say what becomes of this listing, shown or not.
         */
        listing_id?: string | null;
    };
    url: '/v1/recommendations/{recommendation_id}/trace';
};

export type TraceSlateErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type TraceSlateError = TraceSlateErrors[keyof TraceSlateErrors];

export type TraceSlateResponses = {
    /**
     * Successful Response
     */
    200: SlateTrace;
};

export type TraceSlateResponse = TraceSlateResponses[keyof TraceSlateResponses];

export type StartSessionData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/session';
};

export type StartSessionErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type StartSessionError = StartSessionErrors[keyof StartSessionErrors];

export type StartSessionResponses = {
    /**
     * Successful Response
     */
    200: TokenOut;
};

export type StartSessionResponse = StartSessionResponses[keyof StartSessionResponses];

export type SuggestData = {
    body?: never;
    path?: never;
    query: {
        /**
         * Q
         *
         * What was typed so far; accents and case do not matter.
         */
        q: string;
        /**
         * N
         */
        n?: number;
    };
    url: '/v1/suggest';
};

export type SuggestErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type SuggestError = SuggestErrors[keyof SuggestErrors];

export type SuggestResponses = {
    /**
     * Successful Response
     */
    200: Suggestions;
};

export type SuggestResponse = SuggestResponses[keyof SuggestResponses];

export type LoginData = {
    body: LoginBody;
    path?: never;
    query?: never;
    url: '/v1/token';
};

export type LoginErrors = {
    /**
     * Bad request
     */
    400: Problem;
    /**
     * Not authenticated
     */
    401: Problem;
    /**
     * Not allowed
     */
    403: Problem;
    /**
     * Not found
     */
    404: Problem;
    /**
     * Method not allowed
     */
    405: Problem;
    /**
     * Too large
     */
    413: Problem;
    /**
     * Invalid input
     */
    422: Problem;
    /**
     * Temporarily unavailable
     */
    503: Problem;
};

export type LoginError = LoginErrors[keyof LoginErrors];

export type LoginResponses = {
    /**
     * Successful Response
     */
    200: TokenOut;
};

export type LoginResponse = LoginResponses[keyof LoginResponses];
