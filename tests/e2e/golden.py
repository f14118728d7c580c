"""Reading of golden files."""


def golden_text(text: str | dict) -> str:
    """The text of a golden item: long ones are kept as {"repeat": "word ", "times": 700}."""
    return text if isinstance(text, str) else text["repeat"] * text["times"]
