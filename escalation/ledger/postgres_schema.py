"""The tables, triggers and functions of a ledger on PostgreSQL, as made and as described back."""

from __future__ import annotations

from escalation.ledger.entries import GENESIS

__all__ = ["DESCRIBE", "PARTS", "STEPS"]

_COLUMNS = {
    "ledger_schema": {"version": "integer NOT NULL"},
    "trials": {"trial": "text NOT NULL"},
    "entries": {
        "trial": "text NOT NULL",
        "seq": "integer NOT NULL",
        "recorded_at": "text NOT NULL",
        "recorded_by": "text NOT NULL",
        "kind": "text NOT NULL",
        "version": "integer NOT NULL",
        "data": "text NOT NULL",
        "request_id": "text",
        "prev_hash": "text NOT NULL",
        "hash": "text NOT NULL",
    },
}
_CONSTRAINTS = {
    "ledger_schema_pkey": ("ledger_schema", "PRIMARY KEY (version)"),
    "trials_pkey": ("trials", "PRIMARY KEY (trial)"),
    "entries_pkey": ("entries", "PRIMARY KEY (trial, seq)"),
    "entries_trial_fkey": ("entries", "FOREIGN KEY (trial) REFERENCES trials(trial)"),
}
_FUNCTIONS = {
    "ledger_refuse": """
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
    MESSAGE = 'a ledger is only added to: no ' || TG_OP || ' of ' || TG_TABLE_NAME;
END""",
    "ledger_continue": f"""
DECLARE
  last_seq integer;
  last_hash text;
BEGIN
  EXECUTE 'SELECT seq, hash FROM ' || TG_RELID::regclass
    || ' WHERE trial = $1 ORDER BY seq DESC LIMIT 1' INTO last_seq, last_hash USING NEW.trial;
  IF NEW.seq IS DISTINCT FROM 1 + coalesce(last_seq, 0)
    OR NEW.prev_hash IS DISTINCT FROM coalesce(last_hash, '{GENESIS}')
  THEN
    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
      MESSAGE = 'a ledger is only added to: an entry must follow the last of a trial';
  END IF;
  RETURN NEW;
END""",  # noqa: S608  # GENESIS is a constant
}
_TRIGGERS = {
    **{
        f"{table}_no_changes": (
            table,
            f"BEFORE DELETE OR UPDATE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
        )
        for table in _COLUMNS
    },
    "entries_continue": (
        "entries",
        "BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION ledger_continue()",
    ),
}

STEPS = (
    (
        *(
            f"CREATE TABLE {table} ({', '.join(map(' '.join, columns.items()))})"
            for table, columns in _COLUMNS.items()
        ),
        *(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} {constraint}"
            for name, (table, constraint) in _CONSTRAINTS.items()
        ),
        *(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
            for name, body in _FUNCTIONS.items()
        ),
        *(f"CREATE TRIGGER {name} {when}" for name, (_, when) in _TRIGGERS.items()),
        # in a session that replays another server's changes too
        *(
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
            for name, (table, _) in _TRIGGERS.items()
        ),
    ),
)

# The same parts as the server describes them.
PARTS = {
    **{f"table {table}": "logged" for table in _COLUMNS},
    **{
        f"column {table}.{name}": type_
        for table, columns in _COLUMNS.items()
        for name, type_ in columns.items()
    },
    **{f"constraint {name}": f"{table}: {what}" for name, (table, what) in _CONSTRAINTS.items()},
    **{f"function {name}": body for name, body in _FUNCTIONS.items()},
    **{
        f"trigger {name}": f"always: CREATE TRIGGER {name} {when}"
        for name, (_, when) in _TRIGGERS.items()
    },
}
DESCRIBE = """
WITH here AS (
  SELECT oid, relname, relkind, relpersistence, relrowsecurity FROM pg_class
  WHERE relnamespace = current_schema()::regnamespace AND relkind NOT IN ('i', 'I', 'S', 'c')
)
SELECT 'table ' || relname,
    CASE WHEN relkind = 'r' AND relpersistence = 'p' AND NOT relrowsecurity THEN 'logged' END
  FROM here
UNION ALL
SELECT 'column ' || relname || '.' || attname,
    format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
  FROM here JOIN pg_attribute ON attrelid = here.oid WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'constraint ' || conname, relname || ': ' || pg_get_constraintdef(pg_constraint.oid)
  FROM here JOIN pg_constraint ON conrelid = here.oid WHERE contype <> 'n'
UNION ALL
SELECT 'trigger ' || tgname,
    CASE tgenabled WHEN 'A' THEN 'always: ' ELSE '' END || pg_get_triggerdef(pg_trigger.oid, true)
  FROM here JOIN pg_trigger ON tgrelid = here.oid WHERE NOT tgisinternal
UNION ALL
SELECT 'inner trigger ' || tgname || ' of ' || relname, NULL
  FROM here JOIN pg_trigger ON tgrelid = here.oid WHERE tgisinternal AND tgenabled <> 'O'
UNION ALL
SELECT 'table ' || inhrelid::regclass || ', whose rows count among those of ' || relname, NULL
  FROM here JOIN pg_inherits ON inhparent = here.oid
UNION ALL
SELECT 'index ' || i.relname, NULL
  FROM here JOIN pg_index ON indrelid = here.oid JOIN pg_class i ON i.oid = indexrelid
  WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL
SELECT 'rule ' || rulename, pg_get_ruledef(pg_rewrite.oid)
  FROM here JOIN pg_rewrite ON ev_class = here.oid WHERE relkind = 'r'
UNION ALL
SELECT 'function ' || proname, prosrc
  FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
"""
