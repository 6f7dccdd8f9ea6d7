{% from "macros/here.sql" import here %}
{% macro there() %}2{% endmacro %}
