"""Made-up twins of the sources whose real files a machine may not have: same headers, same traps, invented cars."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carousel.catalogue.feeds.convert import Rejected
from carousel.catalogue.listing import Listing

Cars = Callable[..., Path]
Convert = Callable[..., list[Listing | Rejected | None]]
FIELDS = (
    "make",
    "model",
    "year",
    "price_amount",
    "price_currency",
    "mileage_km",
    "fuel_type",
    "transmission",
    "body_type",
)

TWINS: dict[str, tuple[str, str, list[tuple[Any, ...] | str]]] = {
    "coches_es": (
        "utf-8",
        "company,make,model,version,price,price_financed,fuel,year,kms,power,doors,shift,color,photos,is_professional,"
        "dealer,province,publish_date,insert_date\n"
        "A1,PEUGEOT,308 SW,PEUGEOT 308 SW 1.5 BlueHDi 130CV Allure 5p.,14900,13900.0,Diésel,2019,61500,"
        "130.0,5.0,Manual,"
        "Gris,12,True,Autos Sol,Sevilla,2020-11-02 10:00:00,2020-12-01 00:00:00\n"
        "A1,TOYOTA,Auris,TOYOTA Auris 140H Touring Sports Active 5p.,15500,,Híbrido,2017,90000,136.0,5.0,Automático,"
        "Blanco,7,False,9F,Burgos,2020-11-03 10:00:00,2020-12-01 00:00:00\n"
        "A1,BMW,X5,BMW X5 xDrive45e 5p.,69000,,Híbrido enchufable,2020,9000,394.0,5.0,Automático,"
        "Negro (zafiro),20,True,"
        "Motor Norte,Bilbao,2020-11-04 10:00:00,2020-12-01 00:00:00\n",
        [
            ("Peugeot", "308 SW", 2019, 14_900, "EUR", 61_500, "diesel", "manual", "wagon"),
            ("Toyota", "Auris", 2017, 15_500, "EUR", 90_000, "hybrid", "automatic", "wagon"),
            ("BMW", "X5", 2020, 69_000, "EUR", 9_000, "plugin_hybrid", "automatic", None),
        ],
    ),
    "truecar": (
        "utf-8",
        "drive,engine,exterior,fuel,interior,location,make,mileage,model,modification,mpg,name,price,"
        "transmission,url,vin,"
        "year\n"
        ',,Silver,,,"MADISON, WI",Honda,"41,250",Civic,EX Sedan CVT,,2016 Honda Civic,"$14,500",,'
        "https://www.example.com/listing/2HGFC1F39GH000001,2HGFC1F39GH000001,2016\n"
        ',,Starfire Pearl,,,"Dayton, OH",Lexus,"60,001",RX,RX 350 AWD,,2014 Lexus RX,"$21,900",,'
        "https://www.example.com/listing/2T2BK1BA4EC000002,2T2BK1BA4EC000002,2014\n",
        [
            ("Honda", "Civic", 2016, 14_500, "USD", 66_385, None, "cvt", "sedan"),
            ("Lexus", "RX", 2014, 21_900, "USD", 96_562, None, None, None),
        ],
    ),
    "turkey_2020": (
        "utf-8",
        "İlan Tarihi,Marka,Arac Tip Grubu,Arac Tip,Model Yıl,Yakıt Turu,Vites,CCM,Beygir Gucu,Renk,"
        "Kasa Tipi,Kimden,Durum,Km,"
        "Fiyat\n"
        '03/06/2020,Fiat,Egea,1.3 Multijet,2018.0,Dizel,Düz Vites,1300 cc ve altı,76-100 BG,"Beyaz\n",'
        'Sedan,Galeriden,2. El,'
        "64000,98500\n"
        '04/06/2020,Renault,Megane,1.5 dCi,2019.0,Dizel,Yarı Otomatik Vites,1301-1600 cc,Bilmiyorum,"Kırmızı\n",'
        "Hatchback 5 Kapı,Sahibinden,2. El,31000,142000\n"
        '05/06/2020,Dacia,Duster,1.6,2016.0,Benzin/LPG,Düz Vites,Bilmiyorum,Bilmiyorum,"Füme\n",'
        'Arazi Aracı,Galeriden,2. El,'
        "111000,89000\n",
        [
            ("Fiat", "Egea", 2018, 98_500, "TRY", 64_000, "diesel", "manual", "sedan"),
            ("Renault", "Megane", 2019, 142_000, "TRY", 31_000, "diesel", "semi_automatic", "hatchback"),
            ("Dacia", "Duster", 2016, 89_000, "TRY", 111_000, "lpg", "manual", "suv"),
        ],
    ),
    "otomoto": (
        "cp1250",
        ",production_year,country_of_origin,mileage,aso_serviced,power,title,color,brand,metallic,"
        "price,first_registration,"
        "version,location,collision_free,model,type,fuel_type,lat,lon\n"
        "1,2005,Poland,163000,Tak,97 KM,Toyota Corolla Świetna okazja,Niebieski,Toyota,Tak,13500,październik 2005,"
        "Seria E12 (2001-2007),Łódź,Tak,Corolla,Kombi,Benzyna+LPG,51.77,19.46\n"
        "2,2006,Germany,1,,116 KM,Toyota Corolla *Automat*,Srebrny,Toyota,,14900,,"
        "Seria E12 (2001-2007),Gdańsk,,Corolla,"
        "Sedan/Limuzyna,Diesel,54.35,18.65\n",
        [
            ("Toyota", "Corolla", 2005, 13_500, "PLN", 163_000, "lpg", None, "wagon"),
            ("Toyota", "Corolla", 2006, 14_900, "PLN", None, "diesel", "automatic", "sedan"),
        ],
    ),
    "uk_scraped": (
        "utf-8",
        "model,year,price,transmission,mileage,fuel type,engine size,mileage2,fuel type2,engine size2,reference\n"
        ' Focus,2018," £12,400",Manual,"21,300",n/a,£145,57.7,Petrol,1,/ad/1\n'
        ' C Class,2019," £27,950",Automatic,,Diesel,2," 9,100",,,/ad/2\n'
        ',,,,,,,,,,\n'
        ' Focus,," £12,400",Manual,"21,300",n/a,£145,57.7,Petrol,1,/ad/3\n',
        [
            ("Ford", "Focus", 2018, 12_400, "GBP", 34_279, "petrol", "manual", None),
            ("Mercedes-Benz", "C-Class", 2019, 27_950, "GBP", 14_645, "diesel", "automatic", None),
            "empty_row",
            "no_year",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("profile", TWINS)
def test_a_twin_is_recognised_and_read_without_an_option(profile: str, convert: Convert, cars: Cars) -> None:
    encoding, content, expected = TWINS[profile]
    outcomes = convert(cars(content, encoding=encoding))
    found: list[tuple[Any, ...] | str] = []
    for outcome in outcomes:
        if isinstance(outcome, Listing):
            assert outcome.source == profile
            assert not [w for w in outcome.import_warnings if w.endswith("assumed")]
            found.append(tuple(getattr(outcome, name) for name in FIELDS))
        else:
            assert isinstance(outcome, Rejected)
            found.append(outcome.reason)
    assert found == expected
