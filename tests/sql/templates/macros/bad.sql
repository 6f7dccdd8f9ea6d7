{% macro fine() %}1{% endmacro %}

{% macro wrong() %}
  country = {{ nowhere }}
{% endmacro %}
