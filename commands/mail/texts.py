"""The built-in texts, used where no notification template is saved. They have no recipients: those are to be set."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from commands.ports.templates import Text

_SUMMARY_SUBJECT = "Import summary {{ day }}: {{ succeeded }} imported, {{ failed }} failed, {{ changed }} changed"
_SUMMARY_BODY = """\
Provider invoices on {{ day }} ({{ zone }})

{% for p in providers -%}
{{ p.provider }}
{%- if p.nothing %}
  Nothing new.
{%- endif %}
{%- if p.succeeded %}
  Imported: {{ p.succeeded }} ({% for t in p.totals %}{{ t.total }} {{ t.currency }}{% if not loop.last %}, {% endif %}
{%- endfor %})
{%- endif %}
{%- if p.failed %}
  Failed: {{ p.failed }}
{%- for f in p.failures %}
  - {{ f.invoice_number }}: {{ f.messages|join(" ") }}
{%- endfor %}
{%- if p.failures_left_out %}
  - and {{ p.failures_left_out }} more
{%- endif %}
{%- endif %}
{%- if p.changed %}
  Changed by the provider after the import: {{ p.changed }}
{%- for c in p.changes %}
  - {{ c.invoice_number }}: imported {{ c.imported_total }}, now reported {{ c.reported_total }} {{ c.currency }}
{%- endfor %}
{%- if p.changes_left_out %}
  - and {{ p.changes_left_out }} more
{%- endif %}
{%- endif %}
{%- for message in p.list_failures %}
  Its list of invoices could not be fetched: {{ message }}
{%- endfor %}

{% endfor -%}
{% if earlier %}Since the last summary, on days before
{% for p in earlier %}
{{ p.provider }}: {{ p.succeeded }} imported, {{ p.failed }} failed, {{ p.changed }} changed
{%- for f in p.failures %}
  - {{ f.invoice_number }}: {{ f.messages|join(" ") }}
{%- endfor %}
{% endfor %}
{% endif -%}
{% if failed %}What failed is tried again every day; nothing of it is billed until it succeeds.
{% endif %}"""

_CHANGED_SUBJECT = (
    "{{ provider }} changed invoice {{ invoice_number }}: {{ imported_total }} -> {{ total }} {{ currency }}"
)
_CHANGED_BODY = """\
{{ provider }} now reports other figures for invoice {{ invoice_number }} than those that were imported.

  Imported:         {{ imported_total }} {{ currency }}
{%- if imported_revision %} (revision {{ imported_revision }}){% endif %}
  Now reported:     {{ total }} {{ currency }}
{%- if revision %} (revision {{ revision }}){% endif %}
  Difference:       {{ difference }} {{ currency }}

The imported figures were left as they are. Acknowledge the change, or bring it in: adjust the invoice if lines of it
are billed already, otherwise deactivate it and sync it again.
"""

_INVOICE_SUBJECT = "Invoice {{ number }}: {{ total }} {{ currency }}"
_INVOICE_BODY = """\
Invoice {{ number }}

  For:      {{ customer_name }} ({{ customer }})
  Date:     {{ invoice_date }}
  Period:   {{ period_from }} to {{ period_to }}
  Our ref.: {{ reference }}

{% for item in items %}  - {{ item.name }}{% if item.subscription %} ({{ item.subscription }}){% endif %}
{%- if item.quantity %}, {{ item.quantity }} {{ item.unit }}{% endif %}: {{ item.amount }} {{ currency }}
{% endfor %}{% if items_left_out %}  - and {{ items_left_out }} more
{% endif %}
  Total:    {{ total }} {{ currency }}, net; tax is not computed here.
"""

_TASK_SUBJECT = "Invoice {{ number }}: {{ task }} failed"
_TASK_BODY = """\
The task {{ task }} of invoice {{ number }} ({{ reference }}) of customer {{ customer }} failed; tries: {{ tries }}.

  {{ message }}

It is not tried again by itself. Mend what the message names, then run the task by hand: it is asked with the same key,
{{ key }}, so nothing is done twice.
"""

BUILT_IN: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "import-summary": Text(_SUMMARY_SUBJECT, _SUMMARY_BODY),
        "provider-invoice-changed": Text(_CHANGED_SUBJECT, _CHANGED_BODY),
        "invoice": Text(_INVOICE_SUBJECT, _INVOICE_BODY),
        "task-failed": Text(_TASK_SUBJECT, _TASK_BODY),
    }
)
"""Code of a notification template -> the text that serves until one is saved."""
