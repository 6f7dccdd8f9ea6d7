{# days as all cohorts mean them #}
{% macro coming_days(days) -%}
  {% for ahead in range(days) -%}
    TD_TIME_FORMAT(TD_TIME_ADD(TD_SCHEDULED_TIME(), {{ ahead ~ "d" }}), 'MM-dd')
    {%- if not loop.last %},
    {% endif %}
  {%- endfor %}
{%- endmacro %}
