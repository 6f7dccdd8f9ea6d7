{% macro fine() %}1{% endmacro %}
SELECT 1
