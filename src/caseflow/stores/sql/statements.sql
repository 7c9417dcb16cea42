-- Everything that is said to the tables of `schema`, each statement once under its name.
--
-- ?                      a value; it becomes the driver's own mark
-- {each (?, ?)}          so many of these as there are rows, with commas between them
-- {where}, {limits} ...  a part that depends on what is asked; `statements.py` fills it
-- {first}                PostgreSQL: the first position of this transaction (see `feed.py`)
-- {current}              the one row of `caseflow_store` as this process remembers it
-- {pinned}               nothing, or: and the policy of that hash is kept
-- [postgresql, mariadb]  after a name: the variant for these; the one without is for all others


-- == A command =============================================================================================

-- name: select_case
-- Snapshot and head of a case.
SELECT snapshot, head FROM caseflow_cases WHERE id = ?

-- name: select_case [sqlite]
-- With what indexes hold of it: see `Statements.__missing__`.
SELECT snapshot, head, state, unit, citizen, next_due, due_order, deadline, waits, level
FROM caseflow_cases WHERE id = ?

-- name: select_cases
-- Id, snapshot and head of many cases.
SELECT id, snapshot, head FROM caseflow_cases WHERE id IN ({each ?})

-- name: select_cases [sqlite]
SELECT id, snapshot, head, state, unit, citizen, next_due, due_order, deadline, waits, level
FROM caseflow_cases WHERE id IN ({each ?})

-- name: select_cases [postgresql]
-- From one array, so that it is one prepared statement.
SELECT id, snapshot, head FROM caseflow_cases WHERE id = ANY(?)

-- name: select_version
-- Version and head of a case.
SELECT version, head FROM caseflow_cases WHERE id = ?

-- name: insert_case
-- A new case; an id that is there already leaves no row.
INSERT INTO caseflow_cases
    (version, state, unit, citizen, next_due, due_order, deadline, waits, level, snapshot, head, id,
     submitted, kind, region, policy, pin)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING

-- name: insert_case [mariadb]
-- It has no clause that leaves a row alone and counts it as none: an id that is there raises.
INSERT INTO caseflow_cases
    (version, state, unit, citizen, next_due, due_order, deadline, waits, level, snapshot, head, id,
     submitted, kind, region, policy, pin)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_case_checked
-- The same, if the database is still what this process remembers: no row otherwise.
INSERT INTO caseflow_cases
    (version, state, unit, citizen, next_due, due_order, deadline, waits, level, snapshot, head, id,
     submitted, kind, region, policy, pin)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM caseflow_store WHERE {current}{pinned}
ON CONFLICT (id) DO NOTHING

-- name: insert_case_checked [mariadb]
INSERT INTO caseflow_cases
    (version, state, unit, citizen, next_due, due_order, deadline, waits, level, snapshot, head, id,
     submitted, kind, region, policy, pin)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM caseflow_store WHERE {current}{pinned}

-- name: update_case
-- A case at its next version, if it is at the expected one: its values, then id, version and head before.
UPDATE caseflow_cases
SET version = ?, state = ?, unit = ?, citizen = ?, next_due = ?, due_order = ?, deadline = ?, waits = ?,
    level = ?, snapshot = ?, head = ?
WHERE id = ? AND version = ? AND head = ?

-- name: update_case_checked
-- The same, if the database is still what this process remembers.
UPDATE caseflow_cases
SET version = ?, state = ?, unit = ?, citizen = ?, next_due = ?, due_order = ?, deadline = ?, waits = ?,
    level = ?, snapshot = ?, head = ?
WHERE id = ? AND version = ? AND head = ? AND EXISTS (SELECT 1 FROM caseflow_store WHERE {current}){pinned}

-- name: update_cases [postgresql]
-- Many cases as `update_case_checked` does one, from an array for each of its values.
UPDATE caseflow_cases c
SET version = u.version, state = u.state, unit = u.unit, citizen = u.citizen, next_due = u.next_due,
    due_order = u.due_order, deadline = u.deadline, waits = u.waits, level = u.level, snapshot = u.snapshot,
    head = u.head
FROM unnest(
    ?::bigint[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
    ?::text[], ?::bytea[], ?::bytea[], ?::text[], ?::bigint[], ?::bytea[]
) AS u (version, state, unit, citizen, next_due, due_order, deadline, waits, level, snapshot, head, id, expected,
    before)
WHERE c.id = u.id AND c.version = u.expected AND c.head = u.before
    AND EXISTS (SELECT 1 FROM caseflow_store WHERE {current})

-- name: revise_case
-- What a case was submitted as, where an act has revised it, or its rules were changed: kind, region, policy,
-- its hash, id.
UPDATE caseflow_cases SET kind = ?, region = ?, policy = ?, pin = ? WHERE id = ?

-- name: upsert_helper
-- A case that a unit helps with, and its places in lists: case, unit, due order, deadline, submitted.
INSERT INTO caseflow_helpers (case_id, unit, due_order, deadline, submitted) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (case_id, unit) DO UPDATE SET due_order = excluded.due_order, deadline = excluded.deadline

-- name: upsert_helper [mariadb]
INSERT INTO caseflow_helpers (case_id, unit, due_order, deadline, submitted) VALUES (?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE due_order = VALUES(due_order), deadline = VALUES(deadline)

-- name: insert_event
-- An event: case, version, body, hash; the database gives the position.
INSERT INTO caseflow_events (case_id, version, body, hash) VALUES (?, ?, ?, ?)

-- name: insert_event [postgresql]
-- Its number in the transaction first.
INSERT INTO caseflow_events (position, case_id, version, body, hash) VALUES ({first} + ?, ?, ?, ?, ?)

-- name: insert_events [postgresql]
-- Many events from an array for each value of `insert_event`.
INSERT INTO caseflow_events (position, case_id, version, body, hash)
SELECT {first} + e.n, e.c, e.v, e.b, e.h
FROM unnest(?::bigint[], ?::text[], ?::bigint[], ?::bytea[], ?::bytea[]) AS e (n, c, v, b, h)

-- name: insert_texts
-- The personal texts of one version of a case, as JSON.
INSERT INTO caseflow_texts (case_id, version, fields) VALUES (?, ?, ?)

-- name: insert_title
-- A pair of characters of a title: pair, submission, case; one that is there stays.
INSERT INTO caseflow_titles (pair, submitted, case_id) VALUES (?, ?, ?)
ON CONFLICT (pair, submitted, case_id) DO NOTHING

-- name: insert_title [mariadb]
INSERT INTO caseflow_titles (pair, submitted, case_id) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE pair = pair

-- name: insert_titles [postgresql]
-- Many pairs, from an array for each value of `insert_title`.
INSERT INTO caseflow_titles (pair, submitted, case_id)
SELECT * FROM unnest(?::text[], ?::bigint[], ?::text[])
ON CONFLICT (pair, submitted, case_id) DO NOTHING

-- name: insert_key
-- An idempotency key; one that is taken raises.
INSERT INTO caseflow_keys (actor, name, digest, case_id, first_version, last_version) VALUES (?, ?, ?, ?, ?, ?)

-- name: command [postgresql]
-- A whole command as one statement: one round trip, whole or not at all. It counts the rows of the events:
-- none when a case is not at the expected version. Values: those of the cases, the key's, those of each
-- version with texts, of each notice, then of each event its number, case, version, body and hash.
WITH {moved}{parts}
INSERT INTO caseflow_events (position, case_id, version, body, hash)
SELECT {first} + e.n, e.c, e.v, e.b, e.h
FROM moved, (VALUES {each (?::bigint, ?, ?::bigint, ?::bytea, ?::bytea)}) AS e (n, c, v, b, h)

-- name: command_case [postgresql]
-- The part of `command` that writes its case.
moved AS ({moved} RETURNING id)

-- name: command_cases [postgresql]
-- The part of `command` that brings several cases to their next versions: all of them, or none. They are held
-- first, in one order; no row is written unless each is at its version. Values: arrays of ids, of versions and
-- heads before; those of `update_case` up to the id; how many there are.
held AS (
    SELECT c.id
    FROM caseflow_cases c, unnest(?::text[], ?::bigint[], ?::bytea[]) AS u (id, expected, before)
    WHERE c.id = u.id AND c.version = u.expected AND c.head = u.before
        AND EXISTS (SELECT 1 FROM caseflow_store WHERE {current})
    ORDER BY c.id FOR UPDATE OF c
), changed AS (
    UPDATE caseflow_cases c
    SET version = u.version, state = u.state, unit = u.unit, citizen = u.citizen, next_due = u.next_due,
        due_order = u.due_order, deadline = u.deadline, waits = u.waits, level = u.level,
        snapshot = u.snapshot, head = u.head
    FROM unnest(
        ?::bigint[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
        ?::text[], ?::bytea[], ?::bytea[], ?::text[]
    ) AS u (version, state, unit, citizen, next_due, due_order, deadline, waits, level, snapshot, head, id)
    WHERE c.id = u.id AND (SELECT count(*) FROM held) = ?
    RETURNING c.id
), moved AS (SELECT id FROM changed LIMIT 1)

-- name: command_key [postgresql]
-- The part of `command` that takes the key.
, taken AS (
    INSERT INTO caseflow_keys (actor, name, digest, case_id, first_version, last_version)
    SELECT ?, ?, ?, ?, ?::bigint, ?::bigint FROM moved RETURNING 1
)

-- name: command_title [postgresql]
-- The part of `command` that puts a title in the index: submission, case, pairs.
, titled AS (
    INSERT INTO caseflow_titles (pair, submitted, case_id)
    SELECT unnest(?::text[]), ?::bigint, ? FROM moved RETURNING 1
)

-- name: command_texts [postgresql]
-- The part of `command` that keeps texts.
, texts AS (
    INSERT INTO caseflow_texts (case_id, version, fields)
    SELECT t.* FROM moved, (VALUES {each (?, ?::bigint, ?)}) AS t RETURNING 1
)

-- name: command_notices [postgresql]
-- The part of `command` that posts notices, as `insert_notice` does.
, posted AS (
    INSERT INTO caseflow_notices
        (id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body, status, attempts,
         next_try, token, error, merged_into, reached)
    SELECT n.i, n.c, n.v, n.topic, n.level, n.role, n.unit, n.channel, n.at_us, n.corrects, n.body,
        'pending', 0, n.ready, '', '', '', ''
    FROM moved, (VALUES {each (?, ?, ?::bigint, ?, ?, ?, ?, ?, ?::bigint, ?, ?, ?::bigint)})
        AS n (i, c, v, topic, level, role, unit, channel, at_us, corrects, body, ready)
    ON CONFLICT (id) DO NOTHING RETURNING 1
)

-- name: select_used_positions [postgresql]
-- How many positions this transaction has given out.
SELECT coalesce(max(position) + 1 - {first}, 0) FROM caseflow_events
WHERE position >= {first} AND position < {first} + {per_transaction}

-- name: select_hash
-- The hash of a case's event at a version.
SELECT hash FROM caseflow_events WHERE case_id = ? AND version = ?


-- == Texts, policies, keys =================================================================================

-- name: select_texts
-- The texts of a case by version.
SELECT version, fields FROM caseflow_texts WHERE case_id = ? ORDER BY version

-- name: select_texts_of_many
-- The texts of many cases.
SELECT case_id, version, fields FROM caseflow_texts WHERE case_id IN ({each ?}) ORDER BY case_id, version

-- name: select_texts_of_many [postgresql]
-- From one array, as `select_cases`.
SELECT case_id, version, fields FROM caseflow_texts WHERE case_id = ANY(?) ORDER BY case_id, version

-- name: update_texts
-- The texts left of one version: fields, case, version.
UPDATE caseflow_texts SET fields = ? WHERE case_id = ? AND version = ?

-- name: delete_texts
-- All texts of one version.
DELETE FROM caseflow_texts WHERE case_id = ? AND version = ?

-- name: delete_title
-- A pair of a title is found no more: pair, submission, case.
DELETE FROM caseflow_titles WHERE pair = ? AND submitted = ? AND case_id = ?

-- name: count_pair
-- How many titles have a pair of characters, as far as it matters for reading the rarest one.
SELECT count(*) FROM (SELECT 1 FROM caseflow_titles WHERE pair = ? LIMIT 1000) AS few

-- name: delete_titles
DELETE FROM caseflow_titles

-- name: select_titled
-- Id, submission and first texts of cases; other writers wait.
SELECT c.id, c.submitted, t.fields
FROM caseflow_cases c JOIN caseflow_texts t ON t.case_id = c.id AND t.version = 1
WHERE c.id IN ({each ?}) ORDER BY c.id FOR UPDATE

-- name: select_titled [sqlite]
SELECT c.id, c.submitted, t.fields
FROM caseflow_cases c JOIN caseflow_texts t ON t.case_id = c.id AND t.version = 1
WHERE c.id IN ({each ?}) ORDER BY c.id

-- name: mark_titles
-- Whether there is an index of titles.
UPDATE caseflow_store SET has_titles = ? WHERE only_row = 1

-- name: await_commands [postgresql]
-- Wait until nobody is writing who does not know of it.
LOCK TABLE caseflow_store IN ACCESS EXCLUSIVE MODE

-- name: insert_policy
-- A policy's document; one that is there stays.
INSERT INTO caseflow_policies (pin, document) SELECT ?, ? FROM caseflow_store WHERE {current}
ON CONFLICT (pin) DO NOTHING

-- name: insert_policy [mariadb]
INSERT INTO caseflow_policies (pin, document) SELECT ?, ? FROM caseflow_store WHERE {current}
ON DUPLICATE KEY UPDATE caseflow_policies.pin = caseflow_policies.pin

-- name: select_policy
SELECT document FROM caseflow_policies WHERE pin = ?

-- name: select_pins
SELECT pin FROM caseflow_policies ORDER BY pin

-- name: select_key
-- What an actor's key stands for.
SELECT actor, name, digest, case_id, first_version, last_version FROM caseflow_keys WHERE actor = ? AND name = ?

-- name: select_keys
-- Keys after an actor and name.
SELECT actor, name, digest, case_id, first_version, last_version FROM caseflow_keys
WHERE actor > {name} OR (actor = {name} AND name > {name}) ORDER BY actor, name LIMIT ?


-- == Queries ===============================================================================================

-- name: select_history
-- A case's events: version, body, hash.
SELECT version, body, hash FROM caseflow_events WHERE case_id = ? ORDER BY version

-- name: select_heads
-- The heads of cases after an id.
SELECT id, version, head FROM caseflow_cases WHERE id > {name} ORDER BY id LIMIT ?

-- name: select_due
-- What is due, in order; {after} is the page's beginning. No instant is as late as that of the never due.
SELECT due_order, id FROM caseflow_cases WHERE due_order <= ?{after} ORDER BY due_order, id LIMIT ?

-- name: select_next_due
-- The instant of whoever is due first; that of the never due when nobody is.
SELECT due_order FROM caseflow_cases ORDER BY due_order, id LIMIT 1

-- name: count_waiting
-- How many wait for a calendar.
SELECT count(*) FROM caseflow_cases WHERE waits <= ?

-- name: find_cases
-- The cases of a `Query`, each with its place; every shape is served in order by an index.
SELECT c.id, c.snapshot, c.head, {order} FROM {from}{where} ORDER BY {lead}{order}{back}, {id}{back} LIMIT ?

-- name: count_cases
-- How many cases there are of each state, unit, level and policy.
SELECT c.state, c.unit, c.level, c.pin, count(*) FROM {from}{where} GROUP BY {lead}c.unit, c.state, c.level, c.pin

-- name: find_both
-- The cases that a unit holds and those that it helps with, in one order.
SELECT * FROM ({held}) held UNION ALL SELECT * FROM ({helped}) helped ORDER BY 4{back}, 1{back} LIMIT ?

-- name: select_feed
-- Events after a position.
SELECT position, case_id, version, body FROM caseflow_events WHERE position > ? ORDER BY position LIMIT ?

-- name: select_feed [postgresql]
-- Only those that none can come before any more: no transaction that is under way is older.
SELECT position, case_id, version, body FROM caseflow_events
WHERE position > ? AND position < ((txid_snapshot_xmin(txid_current_snapshot()) + {feed_base}) << {xid_bits})
ORDER BY position LIMIT ?

-- name: count_newer
-- How many events are behind a position, whether or not the feed shows them; filled gaps are none.
SELECT count(*) FROM caseflow_events WHERE position > ? AND case_id <> ''

-- name: lock_positions [mariadb]
-- Which positions of a gap are there by now; an error at once where somebody is writing one.
SELECT position FROM caseflow_events WHERE position >= ? AND position < ? FOR UPDATE NOWAIT

-- name: fill_position [mariadb]
-- An empty row where a position was given out and never used: position, and the same below zero.
INSERT INTO caseflow_events (position, case_id, version, body, hash) VALUES (?, '', ?, '', '')

-- name: select_rows
-- The rows of a table as they lie there.
SELECT * FROM caseflow_{table}{where}

-- name: select_guards [postgresql]
-- What acts on these tables, or stands between them and their readers.
SELECT g.kind, g.name::text AS name, c.relname::text AS "table"
FROM pg_class c, LATERAL (
    SELECT 'trigger' AS kind, tgname AS name FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal
    UNION ALL SELECT 'rule', rulename FROM pg_rewrite WHERE ev_class = c.oid AND rulename <> '_RETURN'
    UNION ALL SELECT 'policy', polname FROM pg_policy WHERE polrelid = c.oid
    UNION ALL SELECT 'row security', c.relname WHERE c.relrowsecurity
    UNION ALL SELECT 'inheritance', i.relname FROM pg_inherits h JOIN pg_class i ON i.oid = h.inhrelid
        WHERE h.inhparent = c.oid
    UNION ALL SELECT 'no table', c.relname WHERE c.relkind <> 'r'
) g
WHERE c.oid IN (SELECT to_regclass(n) FROM unnest(?::text[]) n)
ORDER BY 3, 1, 2

-- name: select_guards [mariadb]
SELECT CASE WHEN g.trigger_name IS NULL THEN 'no table' ELSE 'trigger' END AS kind,
    coalesce(g.trigger_name, t.table_name) AS name, t.table_name AS `table`
FROM information_schema.tables t LEFT JOIN information_schema.triggers g
    ON g.event_object_schema = t.table_schema AND g.event_object_table = t.table_name
WHERE t.table_schema = database() AND t.table_name IN ({each ?})
    AND (g.trigger_name IS NOT NULL OR t.table_type <> 'BASE TABLE')
ORDER BY 3, 1, 2

-- name: select_guards [sqlite]
SELECT CASE type WHEN 'trigger' THEN type ELSE 'no table' END AS kind, name, lower(tbl_name) AS "table"
FROM sqlite_master
WHERE lower(tbl_name) IN ({each ?})
    AND (type IN ('trigger', 'view') OR (type = 'table' AND upper(substr(sql, 1, 14)) = 'CREATE VIRTUAL'))
ORDER BY 3, 1, 2

-- name: select_latest_numbers [postgresql, mariadb]
-- The last number of each series and year.
SELECT series, year, latest FROM caseflow_series

-- name: select_latest_numbers [sqlite]
SELECT series, year, max(number) AS latest FROM caseflow_documents GROUP BY series, year


-- == Notices ===============================================================================================

-- name: insert_notice
-- A notice; one whose id is known stays as it is.
INSERT INTO caseflow_notices
    (id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body, status, attempts,
     next_try, token, error, merged_into, reached)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, ?, '', '', '', '')
ON CONFLICT (id) DO NOTHING

-- name: insert_notice [mariadb]
INSERT INTO caseflow_notices
    (id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body, status, attempts,
     next_try, token, error, merged_into, reached)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, ?, '', '', '', '')
ON DUPLICATE KEY UPDATE id = id

-- name: cancel_notice
-- Cancel a notice that nobody was told: why, id.
UPDATE caseflow_notices SET status = 'cancelled', next_try = NULL, error = ?
WHERE id = ? AND status IN ('pending', 'leased', 'dead')

-- name: select_ready
-- What may be claimed, in order, without waiting for other claims.
SELECT position FROM caseflow_notices WHERE next_try <= ? ORDER BY next_try, position LIMIT ?
FOR UPDATE SKIP LOCKED

-- name: select_ready [sqlite]
SELECT position FROM caseflow_notices WHERE next_try <= ? ORDER BY next_try, position LIMIT ?

-- name: select_waits
-- Since when what may be claimed waits.
SELECT next_try FROM caseflow_notices WHERE next_try <= ? ORDER BY next_try, position LIMIT ?

-- name: lease_notice
-- Lease one notice, if nobody did meanwhile: now, token, lease end twice, position, now. `told` comes first:
-- MariaDB would see the new status in it otherwise.
UPDATE caseflow_notices
SET told = CASE WHEN status = 'leased' THEN coalesce(told, ?) ELSE told END, status = 'leased',
    attempts = attempts + 1, token = ?, lease_end = ?, next_try = ?
WHERE position = ? AND next_try <= ?

-- name: select_notices
-- Notices with what became of them.
SELECT position, status, attempts, next_try, token, told, error, merged_into, reached,
    id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body
FROM caseflow_notices WHERE {where} ORDER BY position LIMIT ?

-- name: select_corrected
-- What became of a corrected notice.
SELECT status, token, lease_end, told FROM caseflow_notices WHERE id = ?

-- name: settle_notice
-- Record an outcome: seven values, then id, token, and what else than leased it may be.
UPDATE caseflow_notices
SET status = ?, next_try = ?, told = coalesce(?, told), error = ?, merged_into = ?, reached = ?,
    attempts = attempts - ?, token = ''
WHERE id = ? AND token = ? AND status IN ('leased', ?)

-- name: settle_notices [postgresql]
-- The same for many from arrays; returns the ids settled, in no order.
UPDATE caseflow_notices n
SET status = u.status, next_try = u.next_try, told = coalesce(u.told, n.told), error = u.error,
    merged_into = u.merged_into, reached = u.reached, attempts = attempts - u.untried, token = ''
FROM unnest(
    ?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::int[], ?::text[], ?::text[],
    ?::text[]
) AS u (status, next_try, told, error, merged_into, reached, untried, id, token, other)
WHERE n.id = u.id AND n.token = u.token AND n.status IN ('leased', u.other)
RETURNING n.id

-- name: release_cancelled
-- The lease of a cancelled notice ends; that some were told meanwhile is remembered.
UPDATE caseflow_notices SET token = '', told = coalesce(?, told)
WHERE id = ? AND token = ? AND status = 'cancelled'

-- name: put_off_notice
-- A notice that cannot be read goes back untried: until when, why, position, token.
UPDATE caseflow_notices SET status = 'pending', next_try = ?, error = ?, attempts = attempts - 1, token = ''
WHERE position = ? AND token = ?

-- name: requeue_notice
-- A dead notice is pending again: from when, id.
UPDATE caseflow_notices SET status = 'pending', attempts = 0, next_try = ? WHERE id = ? AND status = 'dead'


-- == Documents =============================================================================================

-- name: issue_document [sqlite]
-- A document with the next number, which is safe where one writer at a time commits; one that is there stays.
INSERT INTO caseflow_documents (id, series, year, number, case_id, version, body, void_reason)
VALUES (?, ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM caseflow_documents WHERE series = ? AND year = ?),
    ?, ?, ?, '')
ON CONFLICT (id) DO NOTHING

-- name: insert_series [postgresql]
-- The row of a series and year, if it is not there.
INSERT INTO caseflow_series (series, year, latest) VALUES (?, ?, 0) ON CONFLICT (series, year) DO NOTHING

-- name: insert_series [mariadb]
INSERT INTO caseflow_series (series, year, latest) VALUES (?, ?, 0) ON DUPLICATE KEY UPDATE latest = latest

-- name: lock_series [postgresql, mariadb]
-- The last number of a series and year; its row is held until the transaction ends.
SELECT latest FROM caseflow_series WHERE series = ? AND year = ? FOR UPDATE

-- name: update_series [postgresql, mariadb]
-- The new last number: number, series, year.
UPDATE caseflow_series SET latest = ? WHERE series = ? AND year = ?

-- name: has_document [postgresql, mariadb]
SELECT 1 FROM caseflow_documents WHERE id = ?

-- name: insert_document
-- A document with its number.
INSERT INTO caseflow_documents (id, series, year, number, case_id, version, body, voided, void_reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: void_document
-- A document no longer holds: instant, reason, id.
UPDATE caseflow_documents SET voided = ?, void_reason = ? WHERE id = ? AND voided IS NULL

-- name: select_documents
-- The documents of cases in the order of issue.
SELECT id, series, year, case_id, version, body, number, voided, void_reason
FROM caseflow_documents WHERE case_id IN ({each ?}) ORDER BY position

-- name: select_documents [postgresql]
-- From one array, as `select_cases`.
SELECT id, series, year, case_id, version, body, number, voided, void_reason
FROM caseflow_documents WHERE case_id = ANY(?) ORDER BY position

-- name: select_issued
-- The documents of a series and year after a number.
SELECT id, series, year, case_id, version, body, number, voided, void_reason
FROM caseflow_documents WHERE series = ? AND year = ? AND number > ? ORDER BY number LIMIT ?


-- == The store itself ======================================================================================

-- name: select_schema
SELECT version FROM caseflow_store WHERE only_row = 1


-- == Cases taken over from another store ===================================================================

-- name: lock_versions
-- The versions and heads of cases that are here; other writers wait.
SELECT id, version, head FROM caseflow_cases WHERE id IN ({each ?}) FOR UPDATE

-- name: lock_versions [sqlite]
SELECT id, version, head FROM caseflow_cases WHERE id IN ({each ?})

-- name: overwrite_case
-- A case at a later version of the same history: its values, then its id.
UPDATE caseflow_cases
SET version = ?, state = ?, unit = ?, citizen = ?, next_due = ?, due_order = ?, deadline = ?, waits = ?,
    level = ?, snapshot = ?, head = ?
WHERE id = ?

-- name: delete_all_texts
DELETE FROM caseflow_texts WHERE case_id = ?

-- name: delete_document
DELETE FROM caseflow_documents WHERE id = ?

-- name: select_statuses
SELECT id, status FROM caseflow_notices WHERE case_id = ?

-- name: delete_notice
DELETE FROM caseflow_notices WHERE id = ?

-- name: insert_settled_notice
-- A notice with what became of it elsewhere.
INSERT INTO caseflow_notices
    (id, case_id, version, topic, level, role, unit, channel, at_us, corrects, body, status, attempts,
     next_try, token, lease_end, told, error, merged_into, reached)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: select_number
-- Whose number it is.
SELECT id FROM caseflow_documents WHERE series = ? AND year = ? AND number = ?
