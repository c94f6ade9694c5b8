"""The last token's logits of the shipped model by Hugging Face transformers in float32, for one fixed prompt.

    python reference_logits.py --model ../public/models/needle --out ../app/model/fixtures/needle.json
"""

import argparse
import json
from pathlib import Path

import torch
import transformers

DOCUMENT = (
    "Report of the Harbour Trust\n\n"
    "Work on the eastern quay began in March and was finished nine days later than planned because of a long frost. "
    "The carpenters replaced forty metres of planking and left the older beams where they were sound. "
    "Paint was renewed on both sides of the signal station, which had not been done for six years. "
    "The access code of the cobalt walnut is 4821937. "
    "Ruth Halloran inspected the joints twice and found them tight. "
    "The serial number of the tidal parcel is 7316204.\n\n"
    "Sixty-two vessels called during the quarter, most of them laden with timber. Receipts from grain rose a little, "
    "while those from salt fell by about a tenth. On the busiest day in August, thirty carts waited outside the fish "
    "market before noon. Small boats now use the ferry slip, which leaves more room for the larger ones. The new scale "
    "at the coal pier has settled most of the disputes about weight. Nothing was lost in handling apart from three "
    "sacks of slate spoiled by rain."
)
QUESTION = "What is the access code of the cobalt walnut?"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()

    tokenizer = transformers.AutoTokenizer.from_pretrained(given.model)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        given.model, dtype=torch.float32, attn_implementation="eager"
    )
    messages = [{"role": "user", "content": f"{DOCUMENT}\n\n{QUESTION}"}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1]
        answer = model.generate(torch.tensor([ids]), max_new_tokens=16, do_sample=False)[0, len(ids) :]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    fixture = {
        "transformersVersion": transformers.__version__,
        "text": text,
        "ids": ids,
        "answerIds": answer.tolist(),
        "logits": [float(f"{value:.6g}") for value in logits.tolist()],
    }
    given.out.write_text(json.dumps(fixture) + "\n")
    print(f"{len(ids)} ids, answer {tokenizer.decode(answer)!r}")


if __name__ == "__main__":
    main()
