{% from "macros/there.sql" import there %}
{% macro here() %}{{ there() }}{% endmacro %}
