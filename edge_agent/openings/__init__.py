"""The unit decides by itself whether it opens: it verifies, counts, records, closes.

    rules       judge: a grant and the facts of the unit → a Permit, or the Refusal that says which rule. Pure, as are
                nonces, ledger, london_days, receipt_rules and refusals
    opener      the seam to what really opens: `Opener`; `capture_opener` opens by the supervised children
    desk        takes what the controller says, judges, keeps the ledger, records, has it opened, answers
    session     one opening from its first permit to its end
    saying      signs what the unit says
    carried     the same by an engineer's laptop, over a socket in the state directory

The order of an opening: the ledger is on the disk, then the record `opened` is in the chain, then the opener is asked.
Where the first or the second fails, nothing opens.
"""
