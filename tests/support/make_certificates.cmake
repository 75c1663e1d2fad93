# SPDX-License-Identifier: MIT
# Makes the certificates and keys of the tests with the openssl command.
#
#   cmake -DOPENSSL=<command> -DDIR=<where to> -P make_certificates.cmake
#
#   authority       signed by itself; `other_authority` likewise
#   server          for localhost and 127.0.0.1, with the certificate between it and `authority`; renewed: the same again
#   locked.key      the server's key with the passphrase "sesame"
#   alice, mallory  clients of `authority` and of `other_authority`; late: of `authority`, but not valid any more

cmake_minimum_required(VERSION 3.22)

file(REMOVE_RECURSE "${DIR}")
file(MAKE_DIRECTORY "${DIR}")

function(openssl)
  execute_process(COMMAND "${OPENSSL}" ${ARGN} WORKING_DIRECTORY "${DIR}" RESULT_VARIABLE result OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " arguments)
    message(FATAL_ERROR "openssl ${arguments}\n${output}")
  endif()
endfunction()

# certificate(<name> <issuer, or "" for itself> <days> <distinguished name...> EXTENSIONS <line>...)
function(certificate name issuer days)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "" "NAME;EXTENSIONS")
  list(JOIN arg_NAME "\n" distinguished_name)
  list(JOIN arg_EXTENSIONS "\n" extensions)
  file(WRITE "${DIR}/${name}.cnf"
       "[req]\nprompt = no\nutf8 = yes\ndistinguished_name = name\n[name]\n${distinguished_name}\n[extensions]\n${extensions}\n")
  openssl(req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config ${name}.cnf -keyout ${name}.key
          -out ${name}.csr)
  set(signer -CA "${issuer}.pem" -CAkey "${issuer}.key" -CAcreateserial)
  if(issuer STREQUAL "")
    set(signer -signkey "${name}.key")
  endif()
  openssl(x509 -req -in ${name}.csr ${signer} -days ${days} -sha256 -extfile ${name}.cnf -extensions extensions
          -out ${name}.pem)
endfunction()

set(ca "basicConstraints = critical, CA:true" "keyUsage = critical, keyCertSign, cRLSign" "subjectKeyIdentifier = hash")
set(server "extendedKeyUsage = serverAuth" "subjectAltName = DNS:localhost, IP:127.0.0.1")
set(client "extendedKeyUsage = clientAuth")

certificate(authority "" 3650 NAME "CN = Test Authority" EXTENSIONS ${ca})
certificate(other_authority "" 3650 NAME "CN = Other Authority" EXTENSIONS ${ca})
certificate(between authority 3650 NAME "CN = Between" EXTENSIONS ${ca})
foreach(name IN ITEMS server renewed)
  certificate(${name} between 3650 NAME "CN = ${name}" EXTENSIONS ${server})
  file(READ "${DIR}/between.pem" between)
  file(APPEND "${DIR}/${name}.pem" "${between}")
endforeach()
openssl(ec -in server.key -aes128 -passout pass:sesame -out locked.key)
certificate(alice authority 3650 NAME "O = Example" "CN = alice" EXTENSIONS ${client})
certificate(mallory other_authority 3650 NAME "CN = mallory" EXTENSIONS ${client})
certificate(late authority 0 NAME "CN = late" EXTENSIONS ${client})
