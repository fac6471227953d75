{#-
  {'code', 'trunk'} of a country (ISO 3166, two letters): what an international number begins with (ITU-T E.164), and what a
  national one begins with that the international one leaves out. Raises for a country that is not listed.
-#}
{% macro calling_code(country) -%}
  {%- set codes = {
    'AE': '971', 'AR': '54', 'AT': '43', 'AU': '61', 'BE': '32', 'BG': '359', 'BR': '55', 'CA': '1', 'CH': '41', 'CL': '56',
    'CN': '86', 'CO': '57', 'CY': '357', 'CZ': '420', 'DE': '49', 'DK': '45', 'EE': '372', 'EG': '20', 'ES': '34', 'FI': '358',
    'FR': '33', 'GB': '44', 'GR': '30', 'HK': '852', 'HR': '385', 'HU': '36', 'ID': '62', 'IE': '353', 'IL': '972', 'IN': '91',
    'IS': '354', 'IT': '39', 'JP': '81', 'KE': '254', 'KR': '82', 'LT': '370', 'LU': '352', 'LV': '371', 'MA': '212', 'MT': '356',
    'MX': '52', 'MY': '60', 'NG': '234', 'NL': '31', 'NO': '47', 'NZ': '64', 'PE': '51', 'PH': '63', 'PK': '92', 'PL': '48',
    'PT': '351', 'RO': '40', 'RS': '381', 'RU': '7', 'SA': '966', 'SE': '46', 'SG': '65', 'SI': '386', 'SK': '421', 'TH': '66',
    'TR': '90', 'TW': '886', 'UA': '380', 'US': '1', 'VN': '84', 'ZA': '27'
  } -%}
  {%- set trunks = {'CA': '1', 'US': '1', 'HU': '06', 'LT': '8', 'RU': '8'} -%}
  {%- set none_of = ['CL', 'CY', 'CZ', 'DK', 'EE', 'ES', 'GR', 'HK', 'IS', 'IT', 'LU', 'LV', 'MT', 'NO', 'PL', 'PT', 'SG'] -%}
  {%- if country not in codes -%}
    {%- do exceptions.raise_compiler_error('normalise_phone does not know the country ' ~ country) -%}
  {%- endif -%}
  {{ return({'code': codes[country], 'trunk': '' if country in none_of else trunks.get(country, '0')}) }}
{%- endmacro %}
