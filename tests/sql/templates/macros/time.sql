{# windows of time, as all cohorts mean them #}
{% macro before(days) -%}
  MAX(time) < TD_TIME_ADD(TD_SCHEDULED_TIME(), {{ "-" ~ days ~ "d" }})
{%- endmacro %}
