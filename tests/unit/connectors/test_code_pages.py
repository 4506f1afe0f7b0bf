"""The code page of flat messages: sentences of three languages in every page, one at a time, on both sides."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.inventory.flat import _code_pages as counted
from connectors.inventory.flat.decoding import raw_lines, texts_of
from connectors.inventory.healthone.lines import divide
from connectors.sources.flat import _code_pages as read
from connectors.sources.flat.text import decode_flat
from connectors.sources.healthone.messages import parse_messages

CODECS = ("cp850", "cp437", "cp858", "cp1252", "iso8859_1", "iso8859_15", "utf-8")
SENTENCES = """\
Le patient âgé de 67 ans a été opéré à l'hôpital Érasme le 3 mars.
Douleur à gauche depuis hier soir.
Il a déjà reçu un traitement antibiotique.
Là où la fièvre persiste, contrôle dans 2 à 3 jours.
Cœur régulier, pas d'œdème des membres inférieurs.
Sœur décédée d'un cancer du sein.
Françoise Lefèbvre, née le 4 août 1956 à Liège.
Jérôme Noël
Benoît Crèvecœur
Éloïse Hélène Gérard
Maïté Coëffé
Être prudent à l'effort.
Île-de-France, naïf, maïs, haïr
Prélèvement effectué à jeun; hémolyse légère.
Fréquence cardiaque 72/min, TA 12/8, température 37,5 °C
Diabète de type 2, goître multinodulaire, kyste rénal, ménisque abîmé
Brûlures mictionnelles, goût amer, août, sûr, dû au stress, jeûne
Ça va mieux. Ôter les fils le 12.
n° de dossier 12
Bilan: créatinine 12 µg/l, clairance 60 ml/min/1,73 m², plaquettes 200 10³/mm³
HÔPITAL GÉNÉRAL, CONTRÔLE À FAIRE, DIABÈTE, LIÈGE, GENÈVE
HÉMATOLOGIE
TRÈS BIEN
CÔTÉ DROIT
AOÛT
MAÎTRE
NOËL
FRANÇAIS
DÉJÀ VU, OÙ
FENÊTRE
DR LEFÈVRE
REÇU
Étienne
ÉTIENNE
Dépôt
arrêt
forêt
problème
Naïm
Zoé
André
Renée
Née en 1970
Voilà tout.
Le début
très
après
accès
Procès
CRÈME
SYSTÈME
PROBLÈME
DIPLÔME
SYMPTÔME
RÔLE
MODÈLE
CÔLON
DÉPÔT
THÉRÈSE
JÉRÔME
BIENTÔT
CHÔMAGE
COMPLÈTE
ULCÈRE
FIÈVRE
PREMIÈRE VISITE
GASTRO-ENTÉROLOGIE
Opération à cœur ouvert prévue
Patiënt werd gezien op de raadpleging cardiologie.
België
Zoë De Smet
Daniël Van Hoof
Joël Goossens
Michaël Peeters
Raphaël Naïma
Geëvalueerd: de knieën zijn oké, één week rust
Coördinatie goed, vóór de operatie, dáár pijn
Echografie: geïnfecteerde cyste, ruïne, egoïst
Reünie met de familie: financiën in orde
Poliën, neuriën, skiën
Hémoglobine 12 g/dl
Cliënt
CLIËNT
PATIËNT
DANIËL
ZOË
Crème aangebracht, scène, enquête
Glucose 2 à 3 keer per week controleren
Temperatuur 38,5 °C, BMI 25 kg/m²
Müller
MÜLLER
Größe: überprüft, Ärztin Müller, Füße, Öl
Jürgen Groß
Herr Weiß klagt über Rückenschmerzen
Die Patientin wurde in gutem Allgemeinzustand entlassen; Ödeme rückläufig
Übelkeit
ÜBELKEIT
Äußere Hämorrhoiden
Ältere Patientin, ähnlich, äußerlich
Straße
STRASSE KÖLN
König
Käthe Schröder
Größe 180 cm, Gewicht 80 kg
für
öffnen
Schädel
Blutdruck erhöht, Nüchternblutzucker regelmäßig prüfen
Spaß
Jörg
Björn
BÖHM
García
Muñoz
José Hernández
João Gonçalves
Søren
Jørgensen
Håkan
László
Dafalgan 500 ±2
Geachte collega – uw patiënt werd gezien … “stabiel” – controle over 3 maanden – ‘geen’ klachten…
L’examen
l’hôpital d’Érasme
“test”
12 €
€ 12
Kost 35€
de patiënt’s moeder
’s avonds
Hij zei: “goed”.
„Guten Tag“, sagte er
3–5 dagen
klachten…
œdème
Œdème
CŒUR
sœur
Dušan
Tomaš
Šimon
Žižek
• punt een
Dafalgan™
Médecin — généraliste
Le patient dit « oui » et part
«oui»
½ comprimé
CO²
""".splitlines()
FORMATS = Path(__file__).resolve().parents[3] / "docs" / "formats"


def counted_text(data: bytes) -> str:
    return "".join("".join(texts_of(lines)) for lines, _ in divide(raw_lines([data])))


@pytest.mark.parametrize("codec", CODECS)
def test_each_sentence_is_read_as_it_was_written(codec):
    tried = 0
    for sentence in SENTENCES:
        try:
            data = sentence.encode(codec)
        except UnicodeEncodeError:
            continue
        if not data.isascii():
            tried += 1
            decoded = decode_flat(data)
            assert (decoded.text, decoded.doubtful) == (sentence, False)
            assert counted_text(data) == sentence
    assert tried > 80


@pytest.mark.parametrize("codec", CODECS[:-1])
def test_texts_of_many_sentences_are_read_as_they_were_written(codec):
    chosen = random.Random(7)
    for _ in range(30):
        text = "\n".join(chosen.sample(SENTENCES, 8)).encode(codec, "ignore")
        decoded = decode_flat(text)
        assert decoded.text == text.decode(codec) == counted_text(text)
        assert not decoded.doubtful


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x93", "\u201c"),  # nothing tells
        (b"1 \x85\n", "1 \u2026\n"),
        (b"Kalk \xb7 acid", "Kalk \u00c0 acid"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_in_doubt(data, text):
    decoded = decode_flat(data)
    assert decoded.text == text
    assert decoded.doubtful


def test_utf_8_with_stray_bytes():
    data = "été à la maison, déjà\n".encode() + b"No\xebl\r\n"
    assert decode_flat(data).text == "été à la maison, déjà\nNoël\r\n" == counted_text(data)
    assert decode_flat(data).repaired == 1


@given(
    st.text(alphabet="aeilJoOdmtTCHRNMS 09.,\n\\'\x80", max_size=7),
    st.integers(0x80, 0xFF),
    st.sampled_from(read.PAGES),
)
def test_both_sides_rate_a_sign_alike(around, byte, page):
    data = around.encode("latin-1")
    for at in range(len(data) + 1):
        text = read.read_as(data[:at] + bytes((byte,)) + data[at:], page)
        assert counted.worth(text, at) == read.rate(text, at)


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=4),
        st.builds(
            lambda text, codec: text.encode(codec, "ignore"),
            st.sampled_from(
                ["é", "è", "œ", "“x”", " à ", "Müller", "A1\\1\\", "\r\n", "\r", "L1\\x", "DÉJÀ", "…", "C"]
            ),
            st.sampled_from(CODECS),
        ),
    )
)


@given(PIECES)
def test_both_sides_read_the_same(pieces):
    data = b"A1\\\n" + b"".join(pieces)
    assert counted_text(data) == "".join(message.text for message in parse_messages(data))


def test_only_the_first_bytes_vote():
    data = b"\x82t\x82 " * 4096 + b"\xe9t\xe9 " * 8192
    assert decode_flat(data).codec == counted.tell_page(data)[0] == "cp850"


def test_the_rule_is_the_one_of_the_documents():
    rows = (FORMATS / "code_pages.md").read_text(encoding="utf-8").split("```")[1].strip().splitlines()
    told = [tuple(row.replace("NBSP", "\u00a0").split("  ", 2)) for row in rows]
    ours = [
        (signs, str(rating), place.replace("\r", "\\r").replace("\n", "\\n"))
        for signs, rating, place in read._ROWS
    ]
    assert told == ours
