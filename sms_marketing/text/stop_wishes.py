"""Free text that reads like a wish to stop, though it is no keyword.

It judges so that a person can: *strong* means that nobody would bet on the opposite, *weak* that
it is worth a look. Missing a wish is worse than showing one too many.
"""

import re
import unicodedata
from typing import NamedTuple

#: How sure, from most to least.
STRONG, WEAK = "strong", "weak"

#: Words that ask for an end by themselves, wherever they stand; "…" stands for any ending.
STRONG_WORDS = {
    "en": "unsubscribe… unsub optout optingout",
    "nl": "uitschrijf… uitschrijven uitgeschreven afmeld… afgemeld",
    "fr": "desabonn… desinscri… desinscription",
    "de": "abmeld… abgemeldet abbestell… austragen",
    "es": "desuscri… desinscri… borrenme borrame",
}

#: Phrases that ask for an end. "*" stands for one or two words, "…" for any ending of a word, "$"
#: for the end of the text, or nothing but thanks after it.
STRONG_PHRASES = {
    "en": """
        stop texting | stop sending | stop messaging | stop contacting | stop bothering
        stop spamming | stop harassing | stop calling | stop writing | stop this | stop these
        stop it | stop that | stop now | stop please | please stop | pls stop | plz stop
        stop all | stop the * texts | stop the texts | stop text… | stop messag… | stop sms
        stop your | stop stop | stop with | stop immediately | stop already | want to stop
        just stop | can you stop | would you stop | i said stop | stop ffs | opt out | opt me out
        opting out | no more $ | no more please | no more thank… | no more text… | no more messag…
        no more sms | no more ads | no more spam | no more of | no more from | no longer want
        no longer wish | take me off | take me out | take my number | take my name | get me off
        remove me | remove my | remove this number | delete me | delete my | lose my number
        off your list | off the list | off this list | leave me alone | wrong number
        wrong person | not my number | dont text | dont send | dont message | dont contact
        dont write | dont want * text… | dont want these | dont want this | dont want them
        dont want your | dont want any | do not text | do not send | do not message
        do not contact | do not disturb | do not want * text… | do not want these
        do not want this | do not want your | do not want any | never text | never contact
        never message | not interested | no interest | cease and desist | cease | desist
        get lost $ | go away $ | f off | fuck off | piss off | bugger off | sod off
        cancel my subscription | cancel these | cancel this | cancel texts | cancel text…
        cancel messages | cancel sms | end this | end these | end subscription | end texts
        quit texting | quit sending | quit messaging | enough already | block you | blocking you
        reported as spam | report you | reporting you | reported you | this is spam | stop spam
        is spam | my lawyer | sue you | do not call list | didnt sign up | did not sign up
        never signed up | didnt subscribe | did not subscribe | never subscribed | didnt ask for
        did not ask for | unsolicited | withdraw my consent | withdraw consent | revoke my consent
        revoke consent | erase my | forget me | forget my number
    """,
    "nl": """
        stop met | stop hiermee | stop ermee | stop daarmee | stop nu | stop a u b | stop aub
        aub stop | stop alsjeblieft | alsjeblieft stop | stop sms | stop deze | hou op | houd op
        hou hiermee op | ophouden | niet meer $ | niet meer aub | niet meer sturen
        niet meer sms… | niet meer berichten | niet meer app… | niet meer contact…
        niet meer ontvangen | wil niet meer | dit niet meer | hoeft niet meer | geen berichten
        geen sms… | geen reclame | geen interesse | niet geinteresseerd | meld me af | meld mij af
        schrijf me uit | schrijf mij uit | haal me | haal mij | haal mijn | verwijder me
        verwijder mij | verwijder mijn | verkeerd nummer | verkeerde nummer | fout nummer
        verkeerd verbonden | laat me met rust | laat mij met rust | val me niet | wil dit niet
        wil ik niet | ik wil geen | van de lijst | uit de lijst | uit het bestand | uit je bestand
        uit uw bestand | rot op | wil stoppen | graag stoppen | nooit aangemeld
        nooit toestemming | geen toestemming | trek mijn toestemming
    """,
    "fr": """
        stop svp | stop merci | stop sms | stop pub | stop s il | stop aux | stop a | stop les
        arretez | arrete de | arrete ca | arreter de | arreter les | arreter l | plus de message…
        plus de sms | plus de texto… | plus de pub… | plus de publicite… | plus recevoir
        plus rien recevoir | ne plus | ne m envoyez plus | ne m ecrivez plus
        ne me contactez plus | veux plus | veux pas | voulons plus | souhaite plus | desire plus
        pas interesse… | retirez moi | retire moi | retirez mon | enlevez moi | enleve moi
        enlevez mon | supprimez moi | supprimez mon | supprimer mon | effacez | mauvais numero
        faux numero | erreur de numero | trompez de numero | trompe de numero | foutez moi la paix
        fichez moi la paix | laissez moi tranquille | laissez nous tranquille… | de la liste
        de votre liste | de vos listes | jamais inscrit… | jamais demande | pas consenti
        retire mon consentement | ca suffit
    """,
    "de": """
        stop bitte | bitte stop | stopp bitte | bitte stopp… | stopp sms | stop sms | hor auf
        hort auf | horen sie auf | aufhoren | keine sms | keine nachricht… | keine werbung
        keine texte | keine mehr $ | nicht mehr $ | nicht mehr schreiben | nicht mehr schick…
        nicht mehr send… | nicht mehr kontakt… | nicht mehr an | nicht mehr erhalten
        nicht mehr haben | mochte nicht mehr | will nicht mehr | bitte nicht mehr | weg damit
        kein interesse | nicht interessiert | melden sie mich ab | meldet mich ab | melde mich ab
        mich abmelden | loschen sie mich | loschen sie meine | loschen sie mein… | loscht mich
        loscht meine | nehmt mich | nehmen sie mich | streichen sie mich | entfernen sie
        entfernt mich | falsche nummer | falsche person | falsch verbunden | lassen sie mich
        lasst mich in ruhe | lass mich in ruhe | in ruhe lassen | in ruhe | aus der liste
        von der liste | aus dem verteiler | aus ihrem verteiler | aus eurem verteiler
        will das nicht | will keine | mochte keine | widerrufe | widerspreche | nie angemeldet
        nie zugestimmt | verpiss… | schluss damit | schluss jetzt | es reicht | unterlassen sie
    """,
    "es": """
        stop por favor | por favor stop | stop sms | paren | pare de | para de | paren de
        deje de | deja de | dejen de | dejad de | no mas | no quiero | no queremos | no deseo
        no enviar | no me envie… | no envie… | no envien | no me mande… | no mande… | no manden
        no me escrib… | no me contact… | no me moleste… | no molest… | no me llam…
        no me interesa | no estoy interesad… | no interesa | quiteme | quitenme | quitame
        quiten mi | quite mi | saqueme | saquenme | sacame | borren mi | borre mi | eliminen mi
        eliminenme | elimineme | eliminen… | numero equivocado | equivocad… | se equivoca…
        dejame en paz | dejenme en paz | dejeme en paz | en paz | de la lista | de su lista
        de vuestra lista | darme de baja | darse de baja | dar de baja | deme de baja
        denme de baja | dame de baja | de baja | cancelar suscripcion | cancelar la suscripcion
        nunca me suscribi | no me suscribi | no autorizo | no autorice | basta ya | basta
    """,
}

#: Ask for an end if they are all that was written (besides words of courtesy).
STRONG_ALONE = {
    "en": "stop | enough | remove | delete | off | out | leave | done | spam | cancelled",
    "nl": "uit | opzeggen | annuleren | weg | genoeg | eruit | stop | afgelopen | spam",
    "fr": "annuler | annulez | resilier | assez | arrete | arretez | suffit | degage | dehors",
    "de": "aus | weg | raus | genug | schluss | halt | stop | kundigen | kundigung | spam",
    "es": "cancelar | fuera | para | pare | alto | salir | borrar | eliminar | quitar | basta",
}

#: Worth a look wherever they stand.
WEAK_PHRASES = {
    "en": """
        stop | stopped | stopping | stops | cancel | quit | enough | spam | scam | who is this
        who are you | whos this | who dis | how did you get | where did you get | remove | delete
        annoying | leave me | too many | too often | report | block | unwanted | complain…
        harass… | consent | gdpr | tcpa | privacy | no thanks | no thank you | new number
        no more | not more | not anymore | sick of | tired of | fed up | junk | bothering
        get off | why are you | why am i
    """,
    "nl": """
        stop | stoppen | genoeg | spam | niet meer | te veel | te vaak | wie is dit | wie ben je
        wie bent u | hoe komt u aan | hoe kom je aan | irritant | vervelend | klacht | avg
        privacy | nee bedankt | nee dank | toestemming | verwijder… | blokkeer…
    """,
    "fr": """
        stop | arrete… | assez | spam | trop de | trop souvent | qui etes vous | qui est ce
        c est qui | comment avez vous | plainte | rgpd | cnil | non merci | harcel… | supprim…
        consentement | bloqu… | marre
    """,
    "de": """
        stop | stopp | stoppen | genug | spam | nicht mehr | zu viele | zu oft | wer ist das
        wer sind sie | wer bist du | woher haben sie | woher habt ihr | nervt | nervig | belastig…
        beschwerde | dsgvo | datenschutz | nein danke | einwilligung | losch… | kundig…
        blockier…
    """,
    "es": """
        stop | basta | spam | demasiad… | quien es | quien eres | quienes son | como consiguieron
        de donde sac… | queja | denunci… | rgpd | no gracias | consentimiento | acoso | molest…
        harto | harta | bloque… | borr… | cancelar
    """,
}

#: Sentences with "stop" that mean no such thing: they turn what they contain from strong to weak.
HARMLESS = """
    dont stop | do not stop | never stop | cant stop | cannot stop | wont stop | non stop
    nonstop | stop by | stop at the | stop at your | stop over | stop in at | stop in $
    stop in today | stop in tomorrow | stop in on | stop for a | stop for some | bus stop
    next stop | one stop | full stop | truck stop | tram stop | pit stop | stops by | last stop
    first stop | stopped by | your stop | no more questions | niet stoppen | stop niet
    ne vous arretez pas | n arretez pas | nicht aufhoren | hor nicht auf | no pares | no paren
    no pare | arret de bus | plus de details | opt out of breakfast | no quiero perder…
    ne plus attendre | no mas preguntas
"""

#: Courtesy and address: not counted when a text is judged by how little else is in it.
_COURTESY = """
    please pls plz thanks thank you thx ta ok okay hi hey hello dear sir madam all me now
    just kindly immediately asap guys team the it aub alsjeblieft alstublieft svp bedankt
    dank graag hallo nu merci bonjour bonsoir monsieur madame maintenant tout s il vous te
    plait bitte danke jetzt sofort liebe por favor gracias hola ya ahora
"""

#: Refuse something, but who knows what: worth a look if they are all that was written.
_NO = """
    no nope nah nee nein non
"""

#: Words next to a keyword by one slip of the finger that mean something of their own.
_ORDINARY = """
    shop step top atop stow slop stomp storm store story stock spot start strop stoep stap
    quiet quite quilt suit quick and ends send bend lend mend tend fend end sent cancels
    dance stapp baila bajo caja paja vaja raja sopa baya baba parir parte parra pasar pagar
    pares tapar arrive arret hulp help info stad stof stok stom stoel stout staat anmelden
    aanmelden alta salta
"""

#: Keywords that typos are looked for of, beyond the company's own.
_TYPO_KEYWORDS = """
    stop stopall unsubscribe cancel quit revoke optout afmelden uitschrijven stoppen arret
    arreter desabonner abmelden stopp abbestellen
"""

#: Longer texts are letters, not replies: only their beginning is read.
MOST_CHARACTERS = 2_000

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHE = re.compile("['’‘`´ʼ]")
_LONG_DRAWN = re.compile(r"(.)\1{2,}")


class StopWish(NamedTuple):
    """What reads like a wish to stop.

    :param strength: ``strong`` or ``weak``
    :param phrase: the words that gave it away, as they were understood
    """

    strength: str
    phrase: str


def find_stop_wish(text: str, keywords=()) -> StopWish | None:
    """The wish to stop that a text reads like, if it does.

    Case, accents, punctuation and long-drawn letters make no difference. English, Dutch, French,
    German and Spanish are all looked for: a reply need not be in its contact's language.

    :param keywords: the company's own words for STOP, whose typos are recognized too
    """
    words, split_words = _words(text)
    if not words:
        return None
    line = f" {' '.join(words)} "
    # "don't" and "l'arrêt": read both with and without the apostrophe as a space.
    lines = {line, f" {' '.join(split_words)} "}
    serious = {_HARMLESS.sub("", one) for one in lines}
    if found := _first(_STRONG, serious):
        return StopWish(STRONG, found)
    if serious == lines:
        said = [word for word in words if word not in _COURTESY_WORDS]
        if _is_alone(said):
            return StopWish(STRONG, said[0])
        if len(said) <= 2 and (typo := _typo(said, keywords)):
            return StopWish(STRONG, typo)
        if len(said) == 1 and said[0] in _NO_WORDS:
            return StopWish(WEAK, said[0])
    if found := _first(_STRONG, lines) or _first(_WEAK, lines):
        return StopWish(WEAK, found)
    return None


def _words(text):
    text = _LONG_DRAWN.sub(r"\1", text[:MOST_CHARACTERS].casefold())
    # As for keywords: letters without accents, whatever their width.
    text = "".join(
        char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
    )
    return (
        _WORD.findall(_APOSTROPHE.sub("", text)),
        _WORD.findall(_APOSTROPHE.sub(" ", text)),
    )


def _is_alone(said):
    return 0 < len(said) <= 3 and len(set(said)) == 1 and said[0] in _ALONE


def _typo(said, keywords):
    """The keyword that a word of a very short text was probably meant to be."""
    wanted = {*_TYPO_KEYWORDS.split(), *(word.casefold() for word in keywords)}
    for candidate in (*said, "".join(said)):
        if candidate in _ORDINARY_WORDS or len(candidate) < 3:
            continue
        for keyword in sorted(wanted):
            # A short word is a slip away from many others: only the one that everybody knows.
            if len(keyword) < 5 and keyword != "stop":
                continue
            slips = 1 if len(keyword) < 9 else 2
            if candidate == keyword or _is_near(candidate, keyword, slips):
                return keyword
    return None


def _is_near(one, other, most):
    """Whether so many slips (a letter more, less, wrong, or two swapped) turn one into the other.

    The optimal string alignment distance, by rows.
    """
    if abs(len(one) - len(other)) > most:
        return False
    before, last = None, list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, wanted in enumerate(other, 1):
            best = min(
                last[column] + 1,
                current[column - 1] + 1,
                last[column - 1] + (letter != wanted),
            )
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                best = min(best, before[column - 2] + 1)
            current.append(best)
        before, last = last, current
    return last[-1] <= most


def _first(pattern, lines):
    found = [match for line in lines if (match := pattern.search(line))]
    return min(found, key=lambda match: match.start()).group(1).strip() if found else None


def _compile(*tables):
    """One pattern for all phrases of these tables; longer phrases first."""
    phrases = set()
    for table in tables:
        for block in table.values() if isinstance(table, dict) else [table]:
            phrases |= {
                " ".join(phrase.split())
                for line in block.strip().splitlines()
                for phrase in line.split("|")
                if phrase.strip()
            }
    patterns = [
        r"\ ".join(_PIECES.get(word) or _piece(word) for word in phrase.split())
        for phrase in sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    ]
    return re.compile(rf"(?<=\ )({'|'.join(patterns)})(?=\ |\Z)", re.VERBOSE)


def _piece(word):
    return rf"{re.escape(word[:-1])}\w*" if word.endswith("…") else re.escape(word)


_THANKS = "please|thanks|thank|you|thx|merci|danke|gracias|bedankt|svp|aub|bitte"
_PIECES = {"*": r"\w+(?:\ \w+)?", "$": rf"(?:(?:{_THANKS})\ )*\Z"}

_STRONG_WORDS = {language: " | ".join(words.split()) for language, words in STRONG_WORDS.items()}
_STRONG = _compile(STRONG_PHRASES, _STRONG_WORDS)
_WEAK = _compile(WEAK_PHRASES)
_HARMLESS = _compile(HARMLESS)
_ALONE = {word for words in STRONG_ALONE.values() for word in words.replace("|", " ").split()}
_COURTESY_WORDS = frozenset(_COURTESY.split())
_NO_WORDS = frozenset(_NO.split())
_ORDINARY_WORDS = frozenset(_ORDINARY.split())
