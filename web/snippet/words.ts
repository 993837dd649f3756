/**
 * Every text in English, German and Czech, which may be left out where it is the English one; `{x}` is a name or a
 * number. The words are those of the words.json in src/locales that a card and its reasons may say: as one text they
 * cost other sites less than as objects.
 */
const TEXTS = `\
For you|Für Sie|Pro vás
Why you see this|Warum Sie das sehen|Proč to vidíte
Nothing to show yet.|Noch nichts zu zeigen.|Zatím není co ukázat.
Price on request|Preis auf Anfrage|Cena na dotaz
Like the {x} you viewed|Wie der angesehene {x}|Jako prohlížený {x}
Your interest: {x}|Ihr Interesse: {x}|Váš zájem: {x}
{x} below similar cars|{x} unter ähnlichen Autos|{x} pod cenou podobných vozů
Other shoppers are looking at it|Andere sehen es sich an|Prohlížejí si ho i ostatní
New this week|Neu in dieser Woche|Novinka tohoto týdne
Something different|Mal etwas anderes|Něco jiného
Similar to cars you viewed|Ähnlich wie angesehene Autos|Podobné prohlíženým vozům
Within your budget|In Ihrem Budget|Ve vašem rozpočtu
From a dealer|Vom Händler|Od prodejce
From a private seller|Von privat|Od soukromníka
From {x}|Ab {x}|Od roku {x}
In {x}||{x}
Under {x}|Unter {x}|Do {x}
Over {x}|Über {x}|Nad {x}
City car|Kleinstwagen|Městský vůz
Hatchback|Schrägheck
Sedan|Limousine
Wagon|Kombi|Kombi
Coupe|Coupé|Kupé
Convertible|Cabrio|Kabriolet
Minivan|Van|MPV
Van|Transporter|Dodávka
Pickup|Pick-up|Pick-up
Petrol|Benzin|Benzín
Diesel||Nafta
Electric|Elektro|Elektro
Hybrid
Plug-in hybrid|Plug-in-Hybrid
Mild hybrid|Mildhybrid
LPG
CNG|Erdgas (CNG)
Hydrogen|Wasserstoff|Vodík
Ethanol||Etanol
Other|Sonstige|Ostatní
Manual|Schaltgetriebe|Manuální
Automatic|Automatik|Automatická
Semi-automatic|Halbautomatik|Poloautomatická
CVT
Front-wheel drive|Frontantrieb|Pohon předních kol
Rear-wheel drive|Heckantrieb|Pohon zadních kol
All-wheel drive|Allradantrieb|Pohon všech kol
Four-wheel drive|Zuschaltbarer Allrad|Přiřaditelný pohon 4×4
New|Neu|Nové
Used|Gebraucht|Ojeté
Demo|Vorführwagen|Předváděcí
Pre-registered|Tageszulassung|Předregistrované
Classic|Oldtimer|Veterán
Black|Schwarz|Černá
White|Weiß|Bílá
Grey|Grau|Šedá
Silver|Silber|Stříbrná
Blue|Blau|Modrá
Red|Rot|Červená
Green|Grün|Zelená
Yellow|Gelb|Žlutá
Orange||Oranžová
Brown|Braun|Hnědá
Beige||Béžová
Purple|Violett|Fialová`

type Row = [en: string, ...others: string[]]

// The letters alone, so that a code ("plugin_hybrid") finds its word ("Plug-in hybrid").
const letters = (said: string) => said.toLowerCase().replace(/[^a-z]/g, '')
const ROWS = TEXTS.split('\n').map((line) => line.split('|') as Row)
const LANGUAGES = ['en', 'de', 'cs']
const FIXED = new Map(ROWS.map((row) => [letters(row[0]), row]))
const OPEN = ROWS.filter(([en]) => /{x}/.test(en))

/**
 * Say a text of ours, a sentence of the service or a code in a language, else in English; names stay as they are.
 *
 * @param write How the page writes what stands for `{x}`.
 */
export function translate(said: string, language: string, write: (x: string) => string): string {
  const at = Math.max(LANGUAGES.indexOf(language.slice(0, 2).toLowerCase()), 0)
  const inIt = (row: Row) => row[at] || row[0]
  const fixed = FIXED.get(letters(said))
  if (fixed) return inIt(fixed)
  for (const row of OPEN) {
    const [, x] = new RegExp(`^${row[0].replace('{x}', '(.+)')}$`).exec(said) ?? []
    if (x) return inIt(row).replace('{x}', () => write(x))
  }
  return said
}
