"""How the retriever reads text: words of a note, or of a term of the code set, as word stems.

Both sides go through `stems`, so that 'haemorrhages' in a note finds 'hemorrhage' in the code set.
The tables are short on purpose; add the abbreviations of your own notes to ABBREVIATIONS (the
index is built anew when this file changes).
"""

import functools
import re

ABBREVIATIONS = {
    "adhd": "attention deficit hyperactivity",
    "af": "atrial fibrillation",
    "afib": "atrial fibrillation",
    "aki": "acute kidney failure",
    "bmi": "body mass index",
    "bph": "benign prostatic hyperplasia",
    "ca": "malignant neoplasm",
    "cad": "atherosclerotic heart disease coronary artery",
    "cancer": "malignant neoplasm",
    "carcinoma": "carcinoma malignant neoplasm",
    "cellulitic": "cellulitis",
    "chf": "heart failure",
    "ckd": "chronic kidney disease",
    "copd": "chronic obstructive pulmonary disease",
    "cva": "cerebral infarction",
    "dka": "ketoacidosis",
    "dm": "diabetes mellitus",
    "dvt": "embolism thrombosis deep veins",
    "esrd": "end stage renal disease",
    "fx": "fracture",
    "gad": "generalized anxiety disorder",
    "gerd": "gastro esophageal reflux disease",
    "gord": "gastro esophageal reflux disease",
    "hf": "heart failure",
    "hfpef": "diastolic heart failure",
    "hfref": "systolic heart failure",
    "htn": "hypertension",
    "hx": "history",
    "ibs": "irritable bowel syndrome",
    "ida": "iron deficiency anemia",
    "l": "left",
    "lt": "left",
    "mdd": "major depressive disorder",
    "mi": "myocardial infarction",
    "mrsa": "methicillin resistant staphylococcus aureus",
    "ms": "multiple sclerosis",
    "nstemi": "non st elevation nstemi myocardial infarction",
    "oa": "osteoarthritis",
    "osa": "obstructive sleep apnea",
    "pe": "pulmonary embolism",
    "pneumothoraces": "pneumothorax",
    "pregnant": "pregnancy",
    "pth": "parathyroid",
    "ptsd": "post traumatic stress disorder",
    "r": "right",
    "ra": "rheumatoid arthritis",
    "rt": "right",
    "sle": "systemic lupus erythematosus",
    "smoker": "nicotine dependence cigarettes",
    "smokes": "nicotine dependence cigarettes",
    "sob": "shortness breath",
    "stemi": "st elevation stemi myocardial infarction",
    "stroke": "stroke cerebral infarction",
    "t1dm": "type 1 diabetes mellitus",
    "t2dm": "type 2 diabetes mellitus",
    "tbi": "traumatic brain injury",
    "tia": "transient cerebral ischemic attack",
    "tsh": "thyroid",
    "uti": "urinary tract infection",
    "wks": "weeks",
}

_SPELLINGS = [
    ("haem", "hem"), ("aem", "em"), ("oed", "ed"), ("oea", "ea"), ("rrhoe", "rrhe"),
    ("oes", "es"), ("paed", "ped"), ("gynae", "gyne"), ("anae", "ane"), ("foet", "fet"),
    ("our", "or"), ("caes", "ces"), ("sulph", "sulf"), ("faec", "fec"), ("isation", "ization"),
    ("ised", "ized"), ("fibre", "fiber"), ("litre", "liter"), ("goitre", "goiter"),
]  # fmt: skip
"""British to American, which the code set writes."""

_WORD = re.compile(r"[a-z0-9]+")
_STOP = frozenset(
    _WORD.findall(
        """
    a an and are as at be been before by but during for from had has have he her him his i in
    into is it its nor not of on or other she since than that the their them then there this to
    was were which who will after any all also code codes specified classified elsewhere
    unspecified nec nos due identify applicable if use
    """
    )
)
_PLURAL = re.compile(r"(?<=[a-z]{3})(?<!s)s$")
_SUFFIX = re.compile(r"(ically|ical|ic|ous|ive|ions?|ings?|ed|es|al|ly|y|ia|is|e|a|um|us)$")


def stems(text: str) -> list[str]:
    """The stems of a text in its order, abbreviations spelt out, words that say nothing left out.

    'Fractures of L radius' -> ['fractur', 'left', 'radi']
    """
    words = (w for found in _WORD.findall(text.lower()) for w in _spelt_out(found))
    return [_stem(word) for word in words if word not in _STOP]


def _spelt_out(word: str) -> list[str]:
    return ABBREVIATIONS.get(word, word).split()


@functools.lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    for british, american in _SPELLINGS:
        word = word.replace(british, american)
    word = _PLURAL.sub("", word)
    cut = _SUFFIX.sub("", word)
    return cut if len(cut) >= 4 else word
