"""How the search reads text: the words of a note, or of a term of the code set, as word stems.

Both sides go through `stems`, so that 'haemorrhages' in a note finds 'hemorrhage' in the code set.
The tables are short; add the words of your own notes to SAID (the index is rebuilt when this file
changes).
"""

from __future__ import annotations

import functools
import re

SAID = {
    "adhd": "attention deficit hyperactivity",
    "af": "atrial fibrillation",
    "afib": "atrial fibrillation",
    "aki": "acute kidney failure",
    "amoxicillin": "penicillins",
    "amputated": "acquired absence amputation",
    "apixaban": "anticoagulants",
    "bicycle": "pedal cycle bicycle",
    "bike": "pedal cycle bike",
    "bisoprolol": "beta adrenoreceptor antagonists",
    "bleed": "hemorrhage",
    "bleeding": "hemorrhage bleeding",
    "bmi": "body mass index",
    "bph": "benign prostatic hyperplasia",
    "ca": "malignant neoplasm",
    "cad": "atherosclerotic heart disease coronary artery",
    "caesarean": "cesarean",
    "cancer": "malignant neoplasm",
    "carcinoma": "carcinoma malignant neoplasm",
    "cellulitic": "cellulitis",
    "chf": "heart failure",
    "chopping": "food preparation",
    "ckd": "chronic kidney disease",
    "clopidogrel": "antiplatelets",
    "colectomy": "acquired absence digestive tract",
    "copd": "chronic obstructive pulmonary disease",
    "cva": "cerebral infarction",
    "dapagliflozin": "oral hypoglycemic drugs",
    "diabetic": "diabetes diabetic",
    "dka": "ketoacidosis",
    "dm": "diabetes mellitus",
    "dnacpr": "do not resuscitate",
    "dnr": "do not resuscitate",
    "dulaglutide": "injectable non insulin antidiabetic drugs",
    "dvt": "embolism thrombosis deep veins",
    "empagliflozin": "oral hypoglycemic drugs",
    "esrd": "end stage renal disease",
    "exsmoker": "history nicotine dependence",
    "fell": "fall",
    "frying": "cooking",
    "fx": "fracture",
    "gad": "generalized anxiety disorder",
    "gerd": "gastro esophageal reflux disease",
    "glargine": "insulin",
    "gliclazide": "oral hypoglycemic drugs",
    "gord": "gastro esophageal reflux disease",
    "hf": "heart failure",
    "hfpef": "diastolic heart failure",
    "hfref": "systolic heart failure",
    "htn": "hypertension",
    "hx": "history",
    "hypertensive": "hypertensive hypertension",
    "ibs": "irritable bowel syndrome",
    "ibuprofen": "propionic acid derivatives",
    "ida": "iron deficiency anemia",
    "immunisation": "immunization",
    "infarct": "infarction",
    "jab": "immunization vaccination",
    "job": "work income",
    "jogging": "running",
    "l": "left",
    "liraglutide": "injectable non insulin antidiabetic drugs",
    "lisinopril": "angiotensin converting enzyme inhibitors",
    "lispro": "insulin",
    "lt": "left",
    "mastectomy": "acquired absence breast",
    "mdd": "major depressive disorder",
    "metastases": "secondary malignant neoplasm",
    "metastasis": "secondary malignant neoplasm",
    "metastatic": "secondary malignant neoplasm",
    "metformin": "oral hypoglycemic drugs",
    "methotrexate": "methotrexate antimetabolite",
    "metoprolol": "beta adrenoreceptor antagonists",
    "mi": "myocardial infarction",
    "motorbike": "motorcycle",
    "mrsa": "methicillin resistant staphylococcus aureus",
    "ms": "multiple sclerosis",
    "naproxen": "propionic acid derivatives",
    "nephrectomy": "acquired absence kidney",
    "nstemi": "non st elevation nstemi myocardial infarction",
    "oa": "osteoarthritis",
    "osa": "obstructive sleep apnea",
    "pe": "pulmonary embolism",
    "pneumothoraces": "pneumothorax",
    "prednisolone": "systemic steroids",
    "prednisone": "systemic steroids",
    "pregnant": "pregnancy",
    "pth": "parathyroid",
    "ptsd": "post traumatic stress disorder",
    "r": "right",
    "ra": "rheumatoid arthritis",
    "ramipril": "angiotensin converting enzyme inhibitors",
    "resuscitation": "resuscitate",
    "rivaroxaban": "anticoagulants",
    "rt": "right",
    "semaglutide": "injectable non insulin antidiabetic drugs",
    "sitagliptin": "oral hypoglycemic drugs",
    "sle": "systemic lupus erythematosus",
    "slipped": "slipping fall",
    "smoked": "nicotine dependence cigarettes",
    "smoker": "nicotine dependence cigarettes",
    "smokes": "nicotine dependence cigarettes",
    "sob": "shortness breath",
    "statin": "antihyperlipidemic drugs",
    "stemi": "st elevation stemi myocardial infarction",
    "stroke": "stroke cerebral infarction",
    "t1dm": "type 1 diabetes mellitus",
    "t2dm": "type 2 diabetes mellitus",
    "tamoxifen": "selective estrogen receptor modulators",
    "tbi": "traumatic brain injury",
    "tbsa": "burns body surface",
    "tia": "transient cerebral ischemic attack",
    "ticagrelor": "antiplatelets",
    "tripped": "tripping fall",
    "tsh": "thyroid",
    "uti": "urinary tract infection",
    "vaccinated": "immunization vaccination",
    "vaccine": "immunization vaccination",
    "vaccines": "immunization vaccination",
    "warfarin": "anticoagulants",
    "wks": "weeks",
    "work": "work income",
}
"""What notes say (abbreviations, names of drugs, everyday words) -> what the code set calls it."""

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
    uncomplicated complication complications unspecified nec nos due identify applicable if use
    """
    )
)
_PLURAL = re.compile(r"(?<=[a-z]{3})(?<!s)s$")
_SUFFIX = re.compile(r"(ically|ical|ic|ous|ive|ions?|ings?|ed|es|al|ly|y|ia|is|e|a|um|us)$")


def stems(text: str) -> list[str]:
    """The stems of a text in its order, words of SAID replaced, stop words left out.

    'Fractures of L radius' -> ['fractur', 'left', 'radi']
    """
    words = (w for found in _WORD.findall(text.lower()) for w in _spelt_out(found))
    return [_stem(word) for word in words if word not in _STOP]


def _spelt_out(word: str) -> list[str]:
    return SAID.get(word, word).split()


@functools.lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    for british, american in _SPELLINGS:
        word = word.replace(british, american)
    word = _PLURAL.sub("", word)
    cut = _SUFFIX.sub("", word)
    return cut if len(cut) >= 4 else word
