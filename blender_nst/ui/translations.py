"""Names of settings, panels and buttons in other languages than English, with tooltips and messages.

Blender looks each name up as it draws it. What is put together at run time, and what the engine says, is
English until it is shown: see `language.translated_line`.
"""

from __future__ import annotations

import json

import bpy

from .. import addon

_FOLDER = addon.FOLDER / "ui" / "languages"

POLISH: dict[str, str] = {
    # Panels
    "Neural Style": "Styl neuronowy",
    "Neural Style Painting": "Malowanie stylem neuronowym",
    "Neural Style Presets": "Ustawienia stylu neuronowego",
    "Rendered Frames": "Wyrenderowane klatki",
    "Regions": "Obszary",
    "Compositor": "Kompozytor",
    "Submit to Farm": "Wyślij na farmę",
    "Advanced": "Zaawansowane",
    "Look": "Wygląd",
    "Strokes": "Pociągnięcia",
    "Color Gains": "Wzmocnienie barw",
    "Optimization": "Optymalizacja",
    "Network": "Sieć",
    "Sequence": "Sekwencja",
    "Output": "Wynik",
    # Buttons
    "Quick Look": "Szybki podgląd",
    "Render Stylized Animation": "Renderuj animację ze stylem",
    "Stylize Rendered Frames": "Stylizuj te klatki",
    "Stylize This Frame": "Nadaj styl tej klatce",
    "This Frame": "Ta klatka",
    "Draft of It": "Jej szkic",
    "Resume": "Wznów",
    "Show Preview": "Pokaż podgląd",
    "Open Folder": "Otwórz folder",
    "Open Output Folder": "Otwórz folder wynikowy",
    "Choose Output Folder": "Wybierz folder wynikowy",
    "Cancel Stylizing": "Przerwij nadawanie stylu",
    "Watch Stylizing": "Obserwuj nadawanie stylu",
    "Add Style Pictures": "Dodaj obrazy stylu",
    "Remove Style Picture": "Usuń obraz stylu",
    "Add Image of This File": "Dodaj obraz z tego pliku",
    "Pack Style Pictures": "Spakuj obrazy stylu",
    "Style Pictures": "Obrazy stylu",
    "Choose a Look": "Wybierz wygląd",
    "Night Whirls": "Nocne wiry",
    "Palette Knife": "Szpachla",
    "River Dabs": "Plamki nad rzeką",
    "Own Colors": "Własne barwy",
    "Gentle Glaze": "Delikatny laserunek",
    "Evening Mix": "Wieczorna mieszanka",
    "Image": "Obraz",
    "Style Image": "Obraz stylu",
    "Documentation": "Dokumentacja",
    "Help": "Pomoc",
    "Move Style Picture": "Przesuń obraz stylu",
    "Add Region": "Dodaj obszar",
    "Remove Region": "Usuń obszar",
    "Move Region": "Przesuń obszar",
    "Add to Compositor": "Dodaj do kompozytora",
    "Composite Styled Frames": "Złóż klatki ze stylem",
    "Add Neural Style Preset": "Dodaj ustawienie stylu neuronowego",
    "Choose Network": "Wybierz sieć",
    "Choose Layer": "Wybierz warstwę",
    "Automatic": "Automatycznie",
    # The engine in the preferences
    "Repair": "Napraw",
    "Repair the Engine": "Napraw silnik",
    "The installed engine is removed and fetched anew": "Silnik jest usuwany i pobierany od nowa",
    "Try Again": "Spróbuj ponownie",
    "Allow Online Access": "Zezwól na dostęp do sieci",
    "Uninstall": "Odinstaluj",
    "Uninstall the Engine": "Odinstaluj silnik",
    "Check": "Sprawdź",
    "Check the Engine": "Sprawdź silnik",
    "Cancel": "Przerwij",
    "Clear the Cache": "Wyczyść pamięć podręczną",
    "Log": "Dziennik",
    "Open the Log": "Otwórz dziennik",
    "Copy Report": "Kopiuj raport",
    "Version": "Wersja",
    "Neural Style Picture": "Obraz stylu neuronowego",
    "Neural Style Divider": "Linia podziału stylu neuronowego",
    "Other Engine": "Inny silnik",
    "Folder of Wheels": "Folder z pakietami",
    "Limit GPU Memory": "Ogranicz pamięć GPU",
    "GPU Memory": "Pamięć GPU",
    "Stylize After the Render": "Styl po renderze",
    "Stop Renders That Would Not Be Stylized": "Zatrzymuj rendery, które nie dostałyby stylu",
    "Network Cache": "Pamięć podręczna sieci",
    # What is in the way
    "Add a Style Picture": "Dodaj obraz stylu",
    "Install the Engine": "Zainstaluj silnik",
    "Save the File": "Zapisz plik",
    "Choose Another Folder": "Wybierz inny folder",
    "Stop It": "Zatrzymaj",
    "There is no style picture": "Nie ma obrazu stylu",
    "The style engine is not installed": "Silnik stylu nie jest zainstalowany",
    "Add a picture of a painting, or drop one here": "Dodaj obraz lub upuść go tutaj",
    "The picture is not there; choose another": "Nie ma tego obrazu; wybierz inny",
    "Nothing is being stylized": "Nic nie jest przetwarzane",
    "Styled": "Ze stylem",
    "Rendered": "Wyrenderowane",
    "Divided": "Podzielone",
    "Divider": "Linia podziału",
    "Preview": "Podgląd",
    "Play": "Odtwórz",
    "Changed settings are shown at once": "Zmiany ustawień widać od razu",
    "There is no window to look at": "Nie ma okna do podglądu",
    "A render is going on": "Trwa renderowanie",
    "Finished Frames": "Gotowe klatki",
    "Stylize": "Nadaj styl",
    "Overwrite": "Nadpisz",
    "New Folder": "Nowy folder",
    # Properties of the scene
    "Stills Too": "Także pojedyncze obrazy",
    "Styles": "Style",
    "Style": "Styl",
    "Restart": "Zacznij od nowa",
    "Quality": "Jakość",
    "Frames": "Klatki",
    "Files": "Pliki",
    "Scene Output": "Wynik sceny",
    "Captured": "Przechwycone",
    "Custom Range": "Własny zakres",
    "Start": "Początek",
    "End": "Koniec",
    "Step": "Krok",
    "Picture": "Obraz",
    "Weight": "Waga",
    "Kind": "Rodzaj",
    "As Rendered": "Jak wyrenderowano",
    "Stylize Before Compositor": "Styl przed kompozytorem",
    # Farm
    "Farm": "Farma",
    "Farm Folder": "Folder farmy",
    "Chunk": "Porcja",
    "Lead-in": "Rozbieg",
    "Shots in Order": "Ujęcia po kolei",
    "Render Chunk": "Porcja renderowania",
    "Machines": "Maszyny",
    "Render Frames for a Farm": "Renderuj klatki dla farmy",
    "Folder": "Folder",
    "Bits": "Bity",
    "Render Again": "Renderuj ponownie",
    "As rendered": "Jak wyrenderowano",
    "No object": "Brak obiektu",
    "No collection": "Brak kolekcji",
    "No material": "Brak materiału",
    # Settings
    "Draft": "Szkic",
    "Standard": "Zwykłe",
    "Final": "Końcowe",
    "Custom": "Własne",
    "Strength": "Siła",
    "Paint": "Malarskość",
    "Style Weight": "Waga stylu",
    "Content Weight": "Waga treści",
    "Contrast Weight": "Waga kontrastu",
    "Local Weight": "Waga lokalna",
    "Color": "Barwa",
    "Luminance": "Luminancja",
    "Match": "Dopasowanie",
    "Style Scale": "Skala stylu",
    "Style Size": "Rozmiar stylu",
    "TV Weight": "Waga TV",
    "Sharpening": "Wyostrzanie",
    "Red Gain": "Wzmocnienie czerwieni",
    "Green Gain": "Wzmocnienie zieleni",
    "Blue Gain": "Wzmocnienie błękitu",
    "Steps": "Kroki",
    "Working Detail": "Szczegółowość pracy",
    "Full": "Pełna",
    "Device": "Urządzenie",
    "Auto": "Automatycznie",
    "CPU": "Procesor",
    "Working Size": "Rozmiar roboczy",
    "Coarsest Size": "Najmniejszy rozmiar",
    "Tolerance": "Tolerancja",
    "Content": "Treść",
    "Noise": "Szum",
    "Seed": "Ziarno",
    "Optimizer": "Optymalizator",
    "L-BFGS History": "Historia L-BFGS",
    "Learning Rate": "Szybkość uczenia",
    "Precision": "Precyzja",
    "Style Statistic": "Statystyka stylu",
    "Gram": "Macierze Grama",
    "Content Layers": "Warstwy treści",
    "Style Layers": "Warstwy stylu",
    "Local Layers": "Warstwy lokalne",
    "Window Layers": "Warstwy okien",
    "Pooling": "Łączenie",
    "Average": "Średnia",
    "Maximum": "Maksimum",
    "Loss Scale": "Skala straty",
    "Relative": "Względna",
    "Input Normalization": "Normalizacja wejścia",
    "Normalized Network": "Sieć znormalizowana",
    "Snapshot Every": "Migawka co",
    "Temporal Weight": "Waga czasowa",
    "Denoise": "Odszumianie",
    "None": "Brak",
    "Bilateral": "Dwustronne",
    "Denoise Strength": "Siła odszumiania",
    "Warm Steps": "Kroki kolejnych klatek",
    "Motion": "Ruch",
    "Vectors": "Wektory",
    "360° Panorama": "Panorama 360°",
    "Always": "Zawsze",
    "Never": "Nigdy",
    "Passes": "Przejścia",
    "Warm Style Gain": "Wzmocnienie stylu kolejnych klatek",
    "Follow Light": "Podążaj za światłem",
    "History Length": "Długość historii",
    "Output Format": "Format wyniku",
    "PNG, 8 bits": "PNG, 8 bitów",
    "PNG, 16 bits": "PNG, 16 bitów",
    "OpenEXR, half": "OpenEXR, połówkowa precyzja",
    "Dynamic Range": "Zakres dynamiczny",
    "Display": "Ekran",
    "Movie": "Film",
    "Movie Codec": "Kodek filmu",
    "FFV1, lossless (MKV)": "FFV1, bezstratny (MKV)",
    "Contact Sheet": "Arkusz podglądów",
    "Debug": "Diagnostyka",
}

NAMES = frozenset(
    {
        *(
            "CUDA",
            "MPS",
            "Adam",
            "L-BFGS",
            "Adam Beta 1",
            "Adam Beta 2",
            "Float32",
            "Bfloat16",
            "Wasserstein",
        ),
        *("Gatys", "Torchvision", "Caffe", "Caffe RGB", "NLM", "DIS", "Farneback", "RAFT", "HDR"),
        *("Flamenco", "OpenJD"),
        *("PyTorch", "Python", "Metal", "GiB", "Blender NST"),
        *("H.264 (MP4)", "ProRes 4444 (MOV)"),
    }
)
"""What is the same in every language."""

_CONTEXTS = ("*", "Operator")
"""Where Blender looks names up: those of properties and panels, and those of buttons."""


def tooltips() -> dict[str, str]:
    """The tooltips in Polish."""
    return json.loads((_FOLDER / "polish_tooltips.json").read_text("utf-8"))


def messages() -> dict[str, str]:
    """What is said in the window in Polish: reasons, reports, questions."""
    return json.loads((_FOLDER / "polish_messages.json").read_text("utf-8"))


def lines() -> dict[str, str]:
    """Formats of lines in Polish: progress, forecasts, errors, what the engine says."""
    return json.loads((_FOLDER / "polish_lines.json").read_text("utf-8"))


def register() -> None:
    """Tells Blender the translations; it calls Polish by the one code or the other."""
    known = {**tooltips(), **messages(), **lines(), **POLISH}
    words = {(context, english): polish for context in _CONTEXTS for english, polish in known.items()}
    bpy.app.translations.register(addon.ID, {"pl_PL": words, "pl": words})


def unregister() -> None:
    """Takes them back."""
    bpy.app.translations.unregister(addon.ID)
