package columns

import (
	"strings"
	"unicode"
)

// The words that name a role in English, German, French and Spanish exports,
// lower case, parts separated by a space. A name matches as a whole or by its
// last parts.
var (
	textWords = words(`text,comment,comments,feedback,message,body,content,review,description,query,question,verbatim,
		narrative,complaint,tweet,utterance,note,notes,remark,remarks,statement,sentence,prompt,transcript,conversation,suggestion,
		suggestions,reply text,free text,open text,answer,response,post,original,full text,msg,email body,details,
		kommentar,kommentare,nachricht,beschreibung,rückmeldung,freitext,anfrage,inhalt,anliegen,bemerkung,bemerkungen,antwort,bewertungstext,
		commentaire,commentaires,avis,texte,contenu,réponse,remarque,remarques,retour,verbatims,demande,
		comentario,comentarios,mensaje,texto,descripción,descripcion,opinión,opinion,contenido,respuesta,consulta,queja,sugerencia`)
	titleWords = words(`subject,title,summary,headline,heading,betreff,titel,überschrift,objet,titre,sujet,asunto,título,titulo,resumen`)
	idWords    = words(`id,ids,uuid,guid,ticket id,case id,record id,response id,respondent id,feedback id,message id,complaint id,
		conversation id,convo id,review id,tweet id,issue id,issue key,unique key,key,ticket,case,case number,ticket number,reference,
		ref,no,nr,number,index,sequence,nummer,ticketnummer,vorgangsnummer,vorgang,fallnummer,kennung,identifiant,numéro,numero,référence,
		identificador,referencia,folio`)
	timeWords = words(`date,time,timestamp,datetime,created,created at,created on,created date,date created,created time,creation date,
		received,received at,date received,submitted,submitted at,submit date,submission date,submission time,posted,posted at,sent,sent at,opened,opened at,
		start date,started at,day,ts,when,at,datum,zeit,uhrzeit,zeitstempel,erstellt,erstellt am,eingang,eingangsdatum,eingegangen,eingegangen am,
		date de création,créé le,heure,horodatage,reçu le,fecha,hora,fecha de creación,creado,recibido`)
	lateTimeWords = words(`end date,updated,updated at,modified,modified at,closed,closed at,closed date,resolved,resolved at,due date,last activity,
		last updated,geändert,geschlossen,modifié,fermé,actualizado,cerrado`)
	channelWords = words(`channel,source,via,submitted via,medium,platform,origin,collector,contact method,contact channel,touchpoint,inbox,
		kanal,quelle,eingangskanal,medium,canal,origine,plateforme,origen,plataforma,fuente`)
	scoreWords = words(`score,nps,nps score,rating,ratings,stars,star rating,csat,ces,satisfaction,satisfaction score,likelihood to recommend,
		likelihood,how likely,recommend,grade,sentiment score,bewertung,sterne,punkte,zufriedenheit,weiterempfehlung,note globale,étoiles,
		satisfaction client,puntuación,puntuacion,calificación,calificacion,estrellas,satisfacción,valoración`)
	accountWords = words(`account,account id,account name,customer,customer id,customer name,client,client id,company,company name,organisation,
		organization,org,org id,user,user id,username,user name,email,e mail,email address,author,author id,author name,sender,from,requester,reporter,
		reviewer,member id,subscriber id,contact,kunde,kunden id,kunden nr,kundennr,kundennummer,customer number,customer no,kundenname,firma,nutzer,benutzer,absender,verfasser,compte,entreprise,utilisateur,
		auteur,société,expéditeur,cliente,empresa,usuario,autor,cuenta,correo`)
	segmentWords = words(`segment,segments,plan,tier,region,country,state,city,market,product,product line,sub product,language,locale,lang,version,app version,os,
		device,browser,gender,age group,industry,sector,role,job title,department,team,persona,cohort,customer type,account type,user type,type,category,sub category,
		subcategory,topic,tag,tags,label,labels,priority,status,severity,size,company size,license,licence,edition,subscription,contract,brand,store,store type,area,group,
		complaint type,issue,issue type,app,app id,app name,reason,intent,department name,
		tarif,paket,land,bundesland,produkt,sprache,branche,rolle,abteilung,kategorie,priorität,bereich,kundentyp,
		forfait,offre,pays,région,produit,langue,secteur,catégorie,priorité,rôle,
		país,pais,región,producto,idioma,categoría,categoria,prioridad,industria,suscripción`)
	// neverText ends a name that is about the text, not the text itself.
	neverText = words(`id,ids,type,date,time,status,category,code,count,length,url,link,score,rating,number,language,lang,by,author,at,source,
		channel,title,subject,name,email,sentiment,label,group,kind,state,public,typ,datum,anzahl`)
	personal = words(`id,ids,uuid,url,link,email,e mail,phone,telephone,mobile,fax,address,street,zip,zip code,postcode,postal code,latitude,longitude,
		location,ip,ip address,coordinate,name,first name,last name,iban,date,time,timestamp`)
)

type wordSet map[string]bool

func words(list string) wordSet {
	set := wordSet{}
	for w := range strings.SplitSeq(list, ",") {
		set[strings.Join(strings.Fields(w), " ")] = true
	}
	return set
}

// parts splits a column's name into lower-case words: "ticket.createdAt" gives ticket, created, at.
func parts(name string) []string {
	var b strings.Builder
	var prev rune
	for _, r := range name {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if unicode.IsUpper(r) && unicode.IsLower(prev) {
				b.WriteByte(' ')
			}
			b.WriteRune(unicode.ToLower(r))
		case r == '#':
			b.WriteString(" id ")
		default:
			b.WriteByte(' ')
		}
		prev = r
	}
	return strings.Fields(b.String())
}

// match says how well a name fits the words: 3 as a whole, 2 by its last parts,
// 1 by its first, 0 not at all. A whole sentence, as in a survey, fits nothing.
func (w wordSet) match(name []string) int {
	if len(name) == 0 || len(name) > 5 {
		return 0
	}
	if w[strings.Join(name, " ")] {
		return 3
	}
	for i := 1; i < len(name); i++ {
		if w[strings.Join(name[i:], " ")] {
			return 2
		}
	}
	for i := len(name) - 1; i > 0; i-- {
		if w[strings.Join(name[:i], " ")] {
			return 1
		}
	}
	return 0
}
