"""The reasons that speak of life and of factors: passive detection, challenges, codes and cards that a face must follow, prompts."""

from __future__ import annotations

from edge_face.access.reasons import Reason

NOT_ALIVE = "not taken for a living person"
"""How every refusal for want of liveness begins."""
CUES = {"print": "the texture of a print", "moire": "the pattern of a screen", "flicker": "the flicker of a screen",
        "highlight": "highlights of a flat sheet", "border": "a border that moves with the face", "blink": "eyes that never blink",
        "sharpness": "sharper or softer than a face so near", "network": "the look of the face and its surroundings"}
"""Words for cues of passive detection; another one is named as it is."""
PROMPTS = {"left": "turn your head to your left", "right": "turn your head to your right", "up": "look up", "nearer": "come nearer",
           "blink": "blink", "face": "look at the camera", "code": "give your code", "card": "show your card", "wait": "a moment"}
"""What is asked for, in words, by `Prompt.what`."""


def assurance(level: str) -> Reason:
    """What was asked for: stands in every decision about somebody."""
    return Reason(f"assurance-{level.replace('+', '-')}", f"assurance asked for: {level}", {"level": level})


def not_alive(reason: Reason) -> Reason:
    """A challenge's own reason, said as what it means."""
    return reason if reason.text.startswith(NOT_ALIVE) else Reason(reason.code, f"{NOT_ALIVE}: {reason.text}", reason.values)


def live(score: float) -> Reason:
    return Reason("live", f"taken for a living person, score {score:.2f}", {"score": score})


def not_an_attack(score: float) -> Reason:
    return Reason("liveness-open", f"not called an attack, though not surely alive (score {score:.2f}): the other factor decides",
                  {"score": score})


def attack(score: float, against: tuple[str, ...]) -> Reason:
    cues = ", ".join(CUES.get(cue, cue) for cue in against[:3]) or "the whole of it"
    return Reason("liveness-attack", f"{NOT_ALIVE}: {cues} (score {score:.2f})", {"score": score, "against": against})


def unsure(score: float) -> Reason:
    return Reason("liveness-unsure", f"{NOT_ALIVE}: it cannot be said for sure (score {score:.2f}), another factor must decide",
                  {"score": score})


def unknown() -> Reason:
    return Reason("liveness-unknown", f"{NOT_ALIVE}: nothing could be said of it, another factor must decide", {})


def no_more_tries(tries: int) -> Reason:
    return Reason("liveness-tries", f"{NOT_ALIVE} {tries} times in this approach: only another factor helps now", {"tries": tries})


def interrupted() -> Reason:
    return Reason("liveness-interrupted", f"{NOT_ALIVE}: the challenge ended before it was passed", {})


def not_proved_again(seconds: float) -> Reason:
    return Reason("liveness-identity", f"{NOT_ALIVE}: the face that passed the challenge was not there {seconds:g} s later",
                  {"seconds": seconds})


def no_challenge() -> Reason:
    return Reason("liveness-unheld", f"{NOT_ALIVE}: no turn of the head may be asked for, another factor must decide", {})


def challenge_failed() -> Reason:
    return Reason("liveness-failed", f"{NOT_ALIVE}: the challenge was not passed", {})


def try_of(number: int, tries: int) -> Reason:
    return Reason("liveness-try", f"try {number} of {tries} in this approach", {"try": number, "tries": tries})


def factor_missing(factor: str, level: str) -> Reason:
    """A face alone, where it is not enough."""
    return Reason("factor-missing", f"a face alone opens nothing here: a {factor} is asked for ({level})",
                  {"factor": factor, "level": level})


def factor_useless(factor: str, level: str) -> Reason:
    """A card or a code that opens nothing where it was given."""
    what = "card" if factor == "card" else "code"
    return Reason("factor-useless", f"a {what} opens nothing here ({level})", {"factor": what, "level": level})


def no_camera(level: str) -> Reason:
    return Reason("no-camera", f"a right code or card, but the camera or vision does not work and the face cannot be verified ({level})",
                  {"level": level})


def second_alone(level: str) -> Reason:
    return Reason("second-alone", f"the camera or vision does not work: the settings let the second factor alone open ({level}, "
                  "decision.without_camera)", {"level": level})


def claim_waits(seconds: float) -> Reason:
    return Reason("claim", f"a right code or card was given: the face is asked for within {seconds:g} s", {"seconds": seconds})


def claim_over(seconds: float) -> Reason:
    return Reason("claim-over", f"the face of whoever gave the code or card was not verified within {seconds:g} s", {"seconds": seconds})


def claim_replaced() -> Reason:
    return Reason("claim-replaced", "somebody else's code or card was given before the face was verified", {})


def claim_other(score: float, threshold: float) -> Reason:
    return Reason("claim-other", f"another face than that of whoever gave the code or card: score {score:.3f}, {threshold:.3f} needed",
                  {"score": score, "threshold": threshold})


def verified(score: float, threshold: float, rate: float) -> Reason:
    return Reason("verified", f"verified against the one person whose code or card it is: score {score:.3f}, {threshold:.3f} needed for "
                  f"{rate:g} wrong matches", {"score": score, "threshold": threshold, "rate": rate})


def duress() -> Reason:
    return Reason("duress", "the code that says: I am forced", {})


def prompt(what: str) -> Reason:
    return Reason(f"prompt-{what}", PROMPTS.get(what, what), {"what": what})


def prompt_over() -> Reason:
    return Reason("prompt-over", "nothing is asked for any more", {})
